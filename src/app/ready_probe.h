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
  // For people, in one line: what the exporter says, or why it says nothing.
  std::string text;
};

// Asks the exporter of this machine that has been started with this configuration: at the first
// address that it listens on, over TLS where its web configuration file says so. `routes` are those
// that will do; any will if there are none. Does not throw.
ReadyAnswer ProbeReady(const config::Config& config, const std::vector<routing::Route>& routes,
                       base::Duration timeout) noexcept;

}  // namespace scidex::app
