// Compresses text as gzip, and caches parts that rarely change.
// https://www.rfc-editor.org/rfc/rfc1952
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace scidex::http {

// Consecutive expositions differ in a few numbers, and the largest families, the results of
// queries, rarely change. Therefore each large family is compressed separately, and the latest text
// of it is cached. Thread-safe.
class GzipCache {
 public:
  // Throws std::bad_alloc.
  std::string Compress(std::string_view text);

  // Total bytes compressed, that is, not found in the cache.
  std::size_t compressed_bytes() const;
  // Bytes in the cache, both texts and compressed ones.
  std::size_t cached_bytes() const;

 private:
  struct Part {
    // Empty if it is not cached.
    std::string text;
    std::string deflated;
    std::uint32_t checksum = 0;
  };

  using Parts = std::list<std::shared_ptr<const Part>>;

  // The part that is cached for the family of `text`; the end of parts_ if there is none.
  Parts::iterator CachedFor(std::string_view text) SCIDEX_REQUIRES(mutex_);
  std::shared_ptr<const Part> Find(std::string_view text);
  // In place of an earlier text of the same family.
  void Remember(std::shared_ptr<const Part> part);
  void Forget(Parts::iterator part) SCIDEX_REQUIRES(mutex_);
  std::shared_ptr<const Part> PartOf(std::string_view text, bool is_cached);

  mutable base::Mutex mutex_;
  // Most recently used first.
  Parts parts_ SCIDEX_GUARDED_BY(mutex_);
  std::size_t size_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::size_t compressed_bytes_ SCIDEX_GUARDED_BY(mutex_) = 0;
};

}  // namespace scidex::http
