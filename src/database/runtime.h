// What databases share: the threads and descriptors that a process has once, however many databases
// there are.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/hangup_watch.h"
#include "base/scheduler.h"
#include "postgres/resolver.h"

namespace scidex::database {

// Thread safe. Outlives the databases on it.
struct Runtime {
  // Throws base::LocalFailure. `clock` outlives the runtime.
  explicit Runtime(base::Clock& clock = base::RealClock()) : scheduler(clock) {}

  base::Scheduler scheduler;
  const std::shared_ptr<base::HangupWatch> hangups = std::make_shared<base::HangupWatch>();
  const std::shared_ptr<postgres::Resolver> resolver = std::make_shared<postgres::Resolver>();
};

}  // namespace scidex::database
