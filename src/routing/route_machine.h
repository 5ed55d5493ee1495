// The route as a pure function of verdicts, policy and time.
#pragma once

#include <cstddef>
#include <optional>

#include "base/clock.h"
#include "routing/options.h"
#include "routing/route.h"
#include "routing/stats.h"

namespace scidex::routing {

// The servers that are configured.
struct Servers {
  bool primary = false;
  bool replica = false;
};

// The route if the replica does not serve.
Route WithoutReplica(const Servers& servers, Fallthrough fallthrough);

// Not thread-safe: the owner holds a lock.
class RouteMachine {
 public:
  // Without a replica, the route is decided immediately.
  RouteMachine(const Servers& servers, const RoutingOptions& options, base::TimePoint now);

  // Changes the servers or the policy. With `new_replica`, nothing is known of the replica, as at
  // startup; otherwise the last verdict still holds. Returns whether the route changed.
  bool Reconfigure(const Servers& servers, const RoutingOptions& options, bool new_replica,
                   base::TimePoint now, base::WallTime wall_now);

  // Processes the verdict of one probe of the replica. The first verdict takes effect immediately.
  // After that, the replica loses the route at the first bad verdict, and gets it back after
  // good_probes consecutive good ones whose probes started at least good_probe_distance apart.
  // Returns whether the route changed.
  bool OnVerdict(Reason verdict, base::TimePoint probed_at, base::TimePoint now,
                 base::WallTime wall_now);

  // The members of RouteStats with these names.
  Route route() const { return stats_.route; }
  Reason reason() const { return stats_.reason; }
  bool decided() const { return stats_.decided; }
  // Everything except acquires, which the owner counts.
  RouteStats Stats(base::TimePoint now) const;

 private:
  void Start();
  void Decide(Route route, base::WallTime wall_now);
  void Accrue(base::TimePoint now);
  // At accrued_until_.
  void ChangeTo(Route route, base::WallTime wall_now);

  Servers servers_;
  RoutingOptions options_;
  RouteStats stats_;
  base::TimePoint accrued_until_;
  // When the route last changed; empty if it never did.
  std::optional<base::TimePoint> changed_at_;
  // Before the time in which nothing is known of a new replica; empty if nothing was before.
  std::optional<Route> decided_before_;
  std::size_t good_in_a_row_ = 0;
  // Start of the latest good probe that counted.
  base::TimePoint good_at_{};
};

}  // namespace scidex::routing
