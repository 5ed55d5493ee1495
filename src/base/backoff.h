// Capped exponential backoff with full jitter: the n-th delay is uniform in [0, min(cap, initial *
// 2^n)]. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#pragma once

#include <cstdint>
#include <random>

#include "base/time.h"

namespace scidex::base {

struct BackoffOptions {
  // Upper bounds of the first delay and of all delays.
  Duration initial = std::chrono::milliseconds(100);
  Duration cap = std::chrono::seconds(5);

  friend bool operator==(const BackoffOptions&, const BackoffOptions&) = default;
};

// Not thread-safe.
class Backoff {
 public:
  Backoff(const BackoffOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  // Returns the delay after another failure.
  Duration Next();
  // The caller must call this on success: the next failure starts from `initial` again.
  void Reset() { ceiling_ = Duration::zero(); }
  // Changes the bounds; the current ceiling is clamped to them.
  void Change(const BackoffOptions& options);

 private:
  BackoffOptions options_;
  std::mt19937_64 random_;
  Duration ceiling_ = Duration::zero();
};

}  // namespace scidex::base
