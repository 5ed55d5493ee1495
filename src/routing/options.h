// What routing is told. The values here are the defaults.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/enum.h"
#include "base/time.h"

namespace scidex::routing {

// Whether reads may be served by the primary.
enum class Fallthrough {
  kAlways,     // whenever the replica cannot serve
  kWhenUnset,  // only where no replica is configured
  kNever,
};

// What becomes of the reads while the replica lags by more than max_lag.
enum class OnLag {
  kFallthrough,  // as if it had failed: by `fallthrough`
  kServeStale,   // it goes on serving, as far as max_stale_lag
};

struct RoutingOptions {
  Fallthrough fallthrough = Fallthrough::kAlways;
  // That reads go to the primary is as it is meant to be: nothing but the alerts asks for this.
  bool fallthrough_expected = false;
  // A replica that is further behind than this is stale. 0: any lag is accepted.
  base::Duration max_lag = std::chrono::seconds(30);
  OnLag on_lag = OnLag::kFallthrough;
  // With kServeStale: a replica that is further behind than this does not serve. 0: no bound.
  base::Duration max_stale_lag{0};
  // Good probes in a row before a replica that was found bad serves again.
  std::size_t good_probes = 3;
  // Between the beginnings of two of them: those that were triggered one after another count once.
  base::Duration good_probe_distance{0};

  friend bool operator==(const RoutingOptions&, const RoutingOptions&) = default;
};

}  // namespace scidex::routing

template <>
struct scidex::base::EnumNames<scidex::routing::Fallthrough> {
  static constexpr std::array<std::string_view, 3> kNames{"always", "when_unset", "never"};
};
template <>
struct scidex::base::EnumNames<scidex::routing::OnLag> {
  static constexpr std::array<std::string_view, 2> kNames{"fallthrough", "serve_stale"};
};
