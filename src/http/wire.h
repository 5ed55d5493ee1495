// Serializes the head of a response.
#pragma once

#include <string>

#include "http/message.h"

namespace scidex::http {

enum class Connection { kKeepAlive, kClose, kUnsaid };

// Status line and headers; Content-Length is the size of the body. The code must be one of kCodes.
std::string SerializeHead(const Response& response, Connection connection);

}  // namespace scidex::http
