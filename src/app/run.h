// The program except for signal handling: from flags to exit code.
#pragma once

#include <functional>
#include <string>

#include "app/command_line.h"
#include "app/reload_request.h"

namespace scidex::app {

// The signals of the process: SIGHUP, and those that end it.
struct Signals {
  // From this call on, signals are pending until awaited. Before, those that end the process do so
  // immediately.
  std::function<void()> hold;
  // Blocks until a signal arrives.
  std::function<Signal()> await;
};

// Does what the flags request: prints, checks the configuration, or serves until a signal ends it,
// reloading the configuration on each SIGHUP. Then it shuts down gracefully, or exits after
// shutdown_timeout. Output goes to standard output, and an error as one line to standard error.
// Returns the exit code.
int Run(const CommandLine& flags, const Signals& signals) noexcept;

}  // namespace scidex::app
