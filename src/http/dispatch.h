// Routes a request to its endpoint.
#pragma once

#include <string>

#include "http/message.h"

namespace scidex::http {

// Returns the response of the path's endpoint; HEAD is handled as GET. OPTIONS returns the methods
// of the path, or of the server ("*"). Otherwise: 403 for a cross-site request of a browser that
// would change something, 405 for other methods, 404 with a list of paths for other paths, and 500,
// with a log message, if a handler throws or returns a code outside kCodes.
Response Dispatch(const Endpoints& endpoints, Request request);

}  // namespace scidex::http
