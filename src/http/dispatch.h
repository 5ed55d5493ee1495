// Which answer a request gets.
#pragma once

#include <string>

#include "http/message.h"

namespace scidex::http {

// What the endpoint of the request's path answers; to HEAD as to GET. OPTIONS gets the methods that
// the path, or the server ("*"), takes. 403 where a browser says that a page of another site asks
// for something to be changed. 405 for other methods, 404
// with the list of paths for other paths; 500 for a handler that throws or answers with a code
// outside kCodes, and the log says why.
Response Dispatch(const Endpoints& endpoints, Request request);

}  // namespace scidex::http
