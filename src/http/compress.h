// Compression of responses.
#pragma once

#include <string_view>

#include "http/gzip.h"
#include "http/message.h"

namespace scidex::http {

// Compresses the body with gzip if the client's Accept-Encoding allows it. Bodies that are too
// short to benefit are left unchanged; all others get a Vary header, compressed or not. Throws
// std::bad_alloc.
void Compress(std::string_view accept_encoding, GzipCache& cache, Response& response);

}  // namespace scidex::http
