// A histogram of durations with fixed buckets. It uses integer nanoseconds, so that counting under
// a lock costs only a few instructions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.h"

namespace scidex::pool {

// Not thread-safe.
class Histogram {
 public:
  static constexpr std::size_t kMaxBounds = 24;

  // `bounds` are inclusive upper bounds in ascending order, at most kMaxBounds; they must outlive
  // this.
  explicit Histogram(std::span<const base::Duration> bounds) : bounds_(bounds) {}

  void Observe(base::Duration value) {
    ++counts_[Bucket(value)];
    sum_ += value;
  }
  // Undoes an Observe() of the same value.
  void Unobserve(base::Duration value) {
    --counts_[Bucket(value)];
    sum_ -= value;
  }

  // `other` must have the same bounds.
  void Add(const Histogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    sum_ += other.sum_;
  }

  std::span<const base::Duration> bounds() const { return bounds_; }
  // Number of observations in the bucket whose upper bound is bounds()[i]; for i ==
  // bounds().size(), of those above the last bound.
  std::uint64_t count(std::size_t i) const { return counts_[i]; }
  // Sum and number of all observations.
  base::Duration sum() const { return sum_; }
  std::uint64_t total() const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= bounds_.size(); ++i) total += counts_[i];
    return total;
  }

 private:
  std::size_t Bucket(base::Duration value) const {
    // The most frequent case by far.
    if (value <= bounds_.front()) return 0;
    return static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) -
                                    bounds_.begin());
  }

  std::span<const base::Duration> bounds_;
  std::array<std::uint64_t, kMaxBounds + 1> counts_{};
  base::Duration sum_{0};
};

// Bucket bounds for each kind of duration.
std::span<const base::Duration> WaitBounds();     // 10 µs to 30 s
std::span<const base::Duration> UseBounds();      // 100 µs to 10 min
std::span<const base::Duration> ConnectBounds();  // 1 ms to 30 s

}  // namespace scidex::pool
