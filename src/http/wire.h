// Serializes a response.
#pragma once

#include <string>

#include "base/time.h"
#include "http/message.h"

namespace scidex::http {

enum class Body { kSent, kLeftOut };
enum class Connection { kKeepAlive, kClose, kUnsaid };

// Status line, headers, and the body unless kLeftOut (for HEAD); Content-Length is the size of the
// body in both cases. The code must be one of kCodes.
std::string Serialize(const Response& response, Body body, Connection connection,
                      base::WallTime date);

}  // namespace scidex::http
