// Which pages, and by which names, a browser may ask from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace scidex::http {

// Whether a browser says that the request comes from a page of another origin.
// https://www.w3.org/TR/fetch-metadata/
bool IsCrossSite(const Request& request);

// Whether `host`, the value of Host, is one of `allowed`, whatever its port, or an address. A page
// that has its own name resolve to this machine (DNS rebinding) has its browser send that name.
bool IsAllowedHost(std::string_view host, const std::vector<std::string>& allowed);

}  // namespace scidex::http
