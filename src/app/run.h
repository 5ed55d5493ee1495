// The process without its signals: from flags to the end.
#pragma once

#include <functional>
#include <string>

#include "app/command_line.h"

namespace scidex::app {

// Blocks until the process is asked to end, and says by what.
using AwaitEnd = std::function<std::string()>;

// Does what the flags say: prints, checks the configuration, or serves until `await_end` returns
// and then ends in order, or without order after shutdown_timeout. What is printed goes to standard
// output. Throws std::exception with one line for people.
void Run(const CommandLine& flags, const AwaitEnd& await_end);

}  // namespace scidex::app
