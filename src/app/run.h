// The process without its signals: from flags to the end.
#pragma once

#include <functional>
#include <string>

#include "app/command_line.h"
#include "app/reload_request.h"

namespace scidex::app {

// The signals for the process: SIGHUP, and those to end by.
struct Signals {
  // From now on they are pending until they are awaited; before, one to end by ends the process at
  // once.
  std::function<void()> hold;
  // Blocks until there is one.
  std::function<Signal()> await;
};

// Does what the flags say: prints, checks the configuration, or serves, loading the configuration
// again at each SIGHUP, until another signal comes, and then ends in order, or without order after
// shutdown_timeout. What is printed goes to standard output, and one line about what is wrong to
// standard error. Returns the exit code of the process.
int Run(const CommandLine& flags, const Signals& signals) noexcept;

}  // namespace scidex::app
