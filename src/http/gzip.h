// Text as gzip, without compressing again what has not changed.
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

// An exposition differs from the one before in a few numbers, and its largest families, the results
// of queries, mostly stay as they are. So each large family is compressed by itself, and
// remembered. Thread safe.
class GzipCache {
 public:
  // Throws std::bad_alloc.
  std::string Compress(std::string_view text);

  // How much was compressed so far, and not found.
  std::size_t compressed_bytes() const;

 private:
  struct Part {
    std::string text;
    std::string deflated;
    std::uint32_t checksum = 0;
  };

  std::shared_ptr<const Part> Find(std::string_view text);
  void Remember(std::shared_ptr<const Part> part);
  std::shared_ptr<const Part> PartOf(std::string_view text);

  mutable base::Mutex mutex_;
  // The latest used first.
  std::list<std::shared_ptr<const Part>> parts_ SCIDEX_GUARDED_BY(mutex_);
  std::size_t size_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::size_t compressed_bytes_ SCIDEX_GUARDED_BY(mutex_) = 0;
};

}  // namespace scidex::http
