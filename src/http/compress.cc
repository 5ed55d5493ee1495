#include "http/compress.h"

#include "http/accept.h"

namespace scidex::http {
namespace {

// Below this size, the headers outweigh the gain.
constexpr std::size_t kMinSizeToCompress = 1024;

}  // namespace

void Compress(std::string_view accept_encoding, GzipCache& cache, Response& response) {
  if (response.body.size() < kMinSizeToCompress) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!AcceptsGzip(accept_encoding)) return;
  response.body = cache.Compress(response.body);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace scidex::http
