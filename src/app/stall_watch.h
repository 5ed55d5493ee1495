// Detects progress by a counter that changes.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace scidex::app {

// Not thread-safe.
class StallWatch {
 public:
  explicit StallWatch(base::TimePoint now) : since_(now) {}

  // Whether `count` has changed within the last `within`.
  bool MakesProgress(std::uint64_t count, base::Duration within, base::TimePoint now) {
    if (count != count_) {
      count_ = count;
      since_ = now;
    }
    return now - since_ <= within;
  }

 private:
  std::uint64_t count_ = 0;
  base::TimePoint since_;
};

}  // namespace scidex::app
