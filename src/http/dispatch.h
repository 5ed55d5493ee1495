// Which answer a request gets.
#pragma once

#include <map>
#include <string>

#include "http/message.h"

namespace scidex::http {

// What the handler of the request's path answers to GET, and to HEAD as to GET. 405 for other
// methods, 404 with the list of paths for other paths; 500 for a handler that throws or answers
// with a code outside kCodes, and the log says why.
Response Dispatch(const std::map<std::string, Handler>& handlers, Request request);

}  // namespace scidex::http
