// The process without its signals: from flags to the end.
#pragma once

#include <functional>
#include <string>

#include "app/command_line.h"
#include "app/reload_request.h"

namespace scidex::app {

// Blocks until there is a signal for the process: SIGHUP, or one to end by.
using AwaitSignal = std::function<Signal()>;

// Does what the flags say: prints, checks the configuration, or serves, loading the configuration
// again at each SIGHUP, until another signal comes, and then ends in order, or without order after
// shutdown_timeout. What is printed goes to standard output, and one line about what is wrong to
// standard error. Returns the exit code of the process.
int Run(const CommandLine& flags, const AwaitSignal& await_signal) noexcept;

}  // namespace scidex::app
