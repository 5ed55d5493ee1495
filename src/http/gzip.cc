#include "http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>
#include <vector>

namespace scidex::http {
namespace {

// Takes half the time of the default level; expositions are 3 % longer.
constexpr int kLevel = 4;
constexpr int kRawWindow = -15;
constexpr int kMemoryLevel = 8;
// Families of at least this size are compressed separately; redundancy between parts is lost.
constexpr std::size_t kLarge = 32 << 10;
// Limit of the cache, counting both texts and compressed parts.
constexpr std::size_t kMaxCacheBytes = 16 << 20;

// The gzip header: no name, no time, system Unix.
constexpr std::string_view kHead("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
// An empty block, marked as the last.
constexpr std::string_view kLastBlock("\x03\0", 2);

// Returns blocks that end on a byte boundary and refer to nothing before them, so that they can be
// concatenated.
std::string Deflate(std::string_view text) {
  z_stream stream{};
  struct End {
    ~End() { deflateEnd(&stream); }
    z_stream& stream;
  };
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kRawWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  const End end{stream};
  // A flush needs a few bytes more than deflateBound(), which assumes a finished stream.
  std::string deflated(deflateBound(&stream, text.size()) + 16, '\0');
  // zlib does not write to its input, although its type is not const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // NOLINT
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(deflated.data());
  stream.avail_out = static_cast<uInt>(deflated.size());
  // The output buffer is large enough.
  deflate(&stream, Z_FULL_FLUSH);
  deflated.resize(stream.total_out);
  deflated.shrink_to_fit();
  return deflated;
}

std::uint32_t Checksum(std::string_view text) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

// The lines with the family's name, help and type.
std::string_view FamilyOf(std::string_view text) {
  std::size_t end = 0;
  while (text.substr(end).starts_with('#'))
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return text.substr(0, end);
}

struct Piece {
  std::string_view text;
  bool is_large_family = false;
};

// Splits an exposition into families; adjacent small ones stay together, and so does other text.
std::vector<Piece> Split(std::string_view text) {
  std::vector<Piece> pieces;
  std::size_t start = 0;
  for (std::size_t family = 0; family < text.size();) {
    const std::size_t next = text.find("\n# HELP ", family);
    const std::size_t end = next == text.npos ? text.size() : next + 1;
    if (end - family >= kLarge && text.substr(family).starts_with('#')) {
      if (family > start) pieces.push_back({text.substr(start, family - start)});
      pieces.push_back({text.substr(family, end - family), true});
      start = end;
    }
    family = end;
  }
  if (start < text.size()) pieces.push_back({text.substr(start)});
  return pieces;
}

void AppendNumber(std::string& out, std::uint32_t number) {
  for (int byte = 0; byte < 4; ++byte) out += static_cast<char>(number >> (8 * byte) & 255);
}

}  // namespace

GzipCache::Parts::iterator GzipCache::CachedFor(std::string_view text) {
  return std::find_if(parts_.begin(), parts_.end(),
                      [&](const auto& part) { return FamilyOf(part->text) == FamilyOf(text); });
}

std::shared_ptr<const GzipCache::Part> GzipCache::Find(std::string_view text) {
  const base::MutexLock lock(mutex_);
  const auto cached = CachedFor(text);
  if (cached == parts_.end() || (*cached)->text != text) return nullptr;
  parts_.splice(parts_.begin(), parts_, cached);
  return *cached;
}

void GzipCache::Remember(std::shared_ptr<const Part> part) {
  const base::MutexLock lock(mutex_);
  const auto earlier = CachedFor(part->text);
  if (earlier != parts_.end()) Forget(earlier);
  parts_.push_front(std::move(part));
  size_ += parts_.front()->text.size() + parts_.front()->deflated.size();
  while (size_ > kMaxCacheBytes) Forget(std::prev(parts_.end()));
}

void GzipCache::Forget(Parts::iterator part) {
  size_ -= (*part)->text.size() + (*part)->deflated.size();
  parts_.erase(part);
}

std::shared_ptr<const GzipCache::Part> GzipCache::PartOf(std::string_view text, bool is_cached) {
  if (is_cached) {
    if (auto part = Find(text)) return part;
  }
  auto part = std::make_shared<Part>();
  part->deflated = Deflate(text);
  part->checksum = Checksum(text);
  {
    const base::MutexLock lock(mutex_);
    compressed_bytes_ += text.size();
  }
  if (is_cached) {
    part->text = text;
    Remember(part);
  }
  return part;
}

std::string GzipCache::Compress(std::string_view text) {
  std::string out(kHead);
  unsigned long checksum = crc32(0, nullptr, 0);
  for (const auto& [piece, is_large_family] : Split(text)) {
    const std::shared_ptr<const Part> part = PartOf(piece, is_large_family);
    out += part->deflated;
    checksum = crc32_combine(checksum, part->checksum, static_cast<z_off_t>(piece.size()));
  }
  out += kLastBlock;
  AppendNumber(out, static_cast<std::uint32_t>(checksum));
  AppendNumber(out, static_cast<std::uint32_t>(text.size()));
  return out;
}

std::size_t GzipCache::compressed_bytes() const {
  const base::MutexLock lock(mutex_);
  return compressed_bytes_;
}

std::size_t GzipCache::cached_bytes() const {
  const base::MutexLock lock(mutex_);
  return size_;
}

}  // namespace scidex::http
