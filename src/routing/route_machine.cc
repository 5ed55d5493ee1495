#include "routing/route_machine.h"

namespace scidex::routing {

using base::TimePoint;
using base::WallTime;

Route WithoutReplica(const Servers& servers, Fallthrough fallthrough) {
  const bool allowed = fallthrough == Fallthrough::kAlways ||
                       (fallthrough == Fallthrough::kWhenUnset && !servers.replica);
  return servers.primary && allowed ? Route::kPrimaryFallthrough : Route::kPrimaryDisabled;
}

RouteMachine::RouteMachine(const Servers& servers, const RoutingOptions& options, TimePoint now)
    : servers_(servers), options_(options), accrued_until_(now) {
  stats_.recent.reserve(RouteStats::kRecent);
  Start();
}

void RouteMachine::Start() {
  stats_.route = WithoutReplica(servers_, options_.fallthrough);
  stats_.reason = servers_.replica ? Reason::kStartingUp : Reason::kReplicaNotConfigured;
  stats_.decided = !servers_.replica;
  good_in_a_row_ = 0;
}

bool RouteMachine::Reconfigure(const Servers& servers, const RoutingOptions& options,
                               bool new_replica, TimePoint now, WallTime wall_now) {
  Accrue(now);
  const Route before = stats_.route;
  if (stats_.decided) decided_before_ = before;
  servers_ = servers;
  options_ = options;
  if (new_replica) Start();
  if (stats_.route == Route::kReplica && !new_replica) return false;
  const Route after = WithoutReplica(servers_, options_.fallthrough);
  if (stats_.decided) {
    Decide(after, wall_now);
  } else {
    stats_.route = after;
  }
  return after != before;
}

bool RouteMachine::OnVerdict(Reason verdict, TimePoint probed_at, TimePoint now,
                             WallTime wall_now) {
  Accrue(now);
  const Route before = stats_.route;
  const bool good = verdict == Reason::kOk;
  if (!good) {
    good_in_a_row_ = 0;
  } else if (good_in_a_row_ == 0 ||
             probed_at >= base::Add(good_at_, options_.good_probe_distance)) {
    ++good_in_a_row_;
    good_at_ = probed_at;
  }
  if (!stats_.decided) {
    stats_.decided = true;
    stats_.reason = verdict;
    Decide(good ? Route::kReplica : WithoutReplica(servers_, options_.fallthrough), wall_now);
  } else if (!good) {
    stats_.reason = verdict;
    if (before == Route::kReplica)
      ChangeTo(WithoutReplica(servers_, options_.fallthrough), wall_now);
  } else if (before != Route::kReplica && good_in_a_row_ >= options_.good_probes) {
    stats_.reason = Reason::kOk;
    ChangeTo(Route::kReplica, wall_now);
  }
  return stats_.route != before;
}

RouteStats RouteMachine::Stats(TimePoint now) const {
  RouteStats stats = stats_;
  stats.in_force[stats.route] += now - accrued_until_;
  stats.current_in_force = changed_at_ ? now - *changed_at_ : stats.in_force[stats.route];
  return stats;
}

void RouteMachine::Accrue(TimePoint now) {
  stats_.in_force[stats_.route] += now - accrued_until_;
  accrued_until_ = now;
}

// The route of the time in which nothing is known of a new replica is not a change: it ends within
// a probe, and counts as the latest decided one.
void RouteMachine::Decide(Route route, WallTime wall_now) {
  stats_.route = decided_before_.value_or(route);
  if (stats_.route != route) ChangeTo(route, wall_now);
  decided_before_.reset();
}

void RouteMachine::ChangeTo(Route route, WallTime wall_now) {
  ++stats_.transitions[stats_.route][route];
  stats_.last_transition = wall_now;
  changed_at_ = accrued_until_;
  // Within the reserved capacity: a change of the route does not allocate.
  if (stats_.recent.size() == RouteStats::kRecent) stats_.recent.erase(stats_.recent.begin());
  stats_.recent.push_back({stats_.route, route, stats_.reason, wall_now});
  stats_.route = route;
}

}  // namespace scidex::routing
