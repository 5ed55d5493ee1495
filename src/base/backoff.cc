#include "base/backoff.h"

#include <algorithm>

namespace scidex::base {

Duration Backoff::Next() {
  ceiling_ = ceiling_ == Duration::zero()  ? std::min(options_.initial, options_.cap)
             : ceiling_ > options_.cap / 2 ? options_.cap
                                           : ceiling_ * 2;
  return Duration(std::uniform_int_distribution<Duration::rep>(0, ceiling_.count())(random_));
}

void Backoff::Change(const BackoffOptions& options) {
  options_ = options;
  if (ceiling_ == Duration::zero()) return;
  ceiling_ = std::min(std::max(ceiling_, options.initial), options.cap);
}

}  // namespace scidex::base
