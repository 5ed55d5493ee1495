// Compressed answers.
#pragma once

#include <string_view>

#include "http/gzip.h"
#include "http/message.h"

namespace scidex::http {

// Compresses the body if the client's Accept-Encoding allows gzip and it is worth it, and says so
// in the response's headers; in both cases says that the answer depends on it. Throws
// std::bad_alloc.
void Compress(std::string_view accept_encoding, GzipCache& cache, Response& response);

}  // namespace scidex::http
