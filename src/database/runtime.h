// What the databases of a process share: its threads and descriptors, whose number does not depend
// on the number of databases.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/hangup_watch.h"
#include "base/scheduler.h"
#include "postgres/resolver.h"

namespace scidex::database {

// Thread-safe. Must outlive the databases that use it.
struct Runtime {
  // Throws base::LocalFailure. `clock` must outlive the runtime.
  explicit Runtime(base::Clock& clock = base::RealClock()) : scheduler(clock) {}

  base::Scheduler scheduler;
  const std::shared_ptr<base::HangupWatch> hangups = std::make_shared<base::HangupWatch>();
  const std::shared_ptr<postgres::Resolver> resolver = std::make_shared<postgres::Resolver>();
};

}  // namespace scidex::database
