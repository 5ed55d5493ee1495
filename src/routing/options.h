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

struct RoutingOptions {
  Fallthrough fallthrough = Fallthrough::kAlways;
  // A replica that is further behind than this does not serve. 0: any lag is accepted.
  base::Duration max_lag = std::chrono::seconds(30);
  // Good probes in a row before a replica that was found bad serves again.
  std::size_t good_probes = 3;

  friend bool operator==(const RoutingOptions&, const RoutingOptions&) = default;
};

}  // namespace scidex::routing

template <>
struct scidex::base::EnumNames<scidex::routing::Fallthrough> {
  static constexpr std::array<std::string_view, 3> kNames{"always", "when_unset", "never"};
};
