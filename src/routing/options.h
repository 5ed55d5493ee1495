// Options of routing. The values here are the defaults.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/enum.h"
#include "base/time.h"

namespace scidex::routing {

// Whether the primary may serve reads.
enum class Fallthrough {
  kAlways,     // whenever the replica cannot serve
  kWhenUnset,  // only if no replica is configured
  kNever,
};

// What happens to reads while the replica is stale.
enum class OnLag {
  kFallthrough,  // as if the replica had failed: according to `fallthrough`
  kServeStale,   // the replica continues to serve, up to max_stale_lag
};

struct RoutingOptions {
  Fallthrough fallthrough = Fallthrough::kAlways;
  // Reads are meant to go to the primary. Only the alerts use this.
  bool fallthrough_expected = false;
  // A replica that lags by more than this is stale until its lag has fallen to half of it. 0: any
  // lag is accepted.
  base::Duration max_lag = std::chrono::seconds(30);
  OnLag on_lag = OnLag::kFallthrough;
  // With kServeStale: a replica that lags by more than this does not serve until its lag has fallen
  // to half of it. 0: no limit.
  base::Duration max_stale_lag{0};
  // Number of consecutive good probes before a replica that failed serves again.
  std::size_t good_probes = 3;
  // Minimum time between the starts of two good probes that count: probes triggered in quick
  // succession count once.
  base::Duration good_probe_distance{0};
  // For how long after the start of the replica's first probe its verdict may wait for the
  // primary's first result: the timeout of a probe.
  base::Duration primary_known_within{0};

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
