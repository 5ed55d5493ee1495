// --probe.ready: asks a running exporter whether it is ready.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "config/config.h"
#include "routing/route.h"

namespace scidex::app {

struct ReadyAnswer {
  bool ready = false;
  // One line for a person: the exporter's response, or why there is none.
  std::string text;
};

// Asks the exporter that runs with this configuration on this machine, at its first listen address;
// with TLS if its web configuration file configures it. If `routes` is not empty, the route must be
// one of them. Repeats the request until there is a verdict on the replica, for up to `timeout`:
// an exporter reports to the service manager that it has started before it has one. Does not throw.
ReadyAnswer ProbeReady(const config::Config& config, const std::vector<routing::Route>& routes,
                       base::Duration timeout) noexcept;

}  // namespace scidex::app
