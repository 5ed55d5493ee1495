// The route as a pure function of verdicts, policy and time.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "routing/options.h"
#include "routing/route.h"
#include "routing/stats.h"

namespace scidex::routing {

// Which servers there are to choose from.
struct Servers {
  bool primary = false;
  bool replica = false;
};

// The route where the replica does not serve.
Route WithoutReplica(const Servers& servers, Fallthrough fallthrough);

// Not thread safe: its owner has the lock.
class RouteMachine {
 public:
  // Without a replica the route is decided at once.
  RouteMachine(const Servers& servers, const RoutingOptions& options, base::TimePoint now);

  // Other servers or another policy from now on. With `new_replica` nothing is known of the
  // replica, as at the start; else what was found out last holds. True if the route changed.
  bool Reconfigure(const Servers& servers, const RoutingOptions& options, bool new_replica,
                   base::TimePoint now, base::WallTime wall_now);

  // Takes the verdict of one probe of the replica: the first is believed as it is; after that the
  // replica loses the route at the first bad one and has it again after good_probes good ones in a
  // row, whose probes began at least good_probe_distance apart. True if the route changed.
  bool OnVerdict(Reason verdict, base::TimePoint probed_at, base::TimePoint now,
                 base::WallTime wall_now);

  Route route() const { return stats_.route; }
  Reason reason() const { return stats_.reason; }
  bool decided() const { return stats_.decided; }
  // Everything but the acquires, which its owner counts.
  RouteStats Stats(base::TimePoint now) const;

 private:
  void Start();
  void Accrue(base::TimePoint now);
  void ChangeTo(Route route, base::WallTime wall_now);

  Servers servers_;
  RoutingOptions options_;
  RouteStats stats_;
  base::TimePoint accrued_until_;
  std::size_t good_in_a_row_ = 0;
  // When the latest one that counts began.
  base::TimePoint good_at_{};
};

}  // namespace scidex::routing
