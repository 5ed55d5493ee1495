// Which web pages, and under which host names, a browser may send requests from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace scidex::http {

// Whether the browser indicates that a page of another origin sent the request.
// https://www.w3.org/TR/fetch-metadata/
bool IsCrossSite(const Request& request);

// Whether `host`, the value of the Host header, is an address or one of `allowed`, ignoring the
// port. If a page makes its own name resolve to this machine (DNS rebinding), its browser sends
// that name.
bool IsAllowedHost(std::string_view host, const std::vector<std::string>& allowed);

}  // namespace scidex::http
