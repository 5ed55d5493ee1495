#include "http/compress.h"

#include <zlib.h>

#include <new>
#include <string>
#include <utility>

#include "http/accept.h"

namespace scidex::http {
namespace {

// Below this the headers outweigh what is saved.
constexpr std::size_t kWorthIt = 1024;
// Half the time of the default level, for an exposition that is 3 % longer.
constexpr int kLevel = 4;
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;

std::string Gzip(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string compressed(deflateBound(&stream, text.size()), '\0');
  // zlib does not write to what it reads; its type says otherwise.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // NOLINT
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  // There is room for all of it.
  deflate(&stream, Z_FINISH);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  return compressed;
}

}  // namespace

void Compress(std::string_view accept_encoding, Response& response) {
  if (response.body.size() < kWorthIt) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!AcceptsGzip(accept_encoding)) return;
  response.body = Gzip(response.body);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace scidex::http
