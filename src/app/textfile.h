// Metrics without a port: a file for the textfile collector of node_exporter, which shows them as
// its own. https://github.com/prometheus/node_exporter#textfile-collector
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "base/time.h"

namespace scidex::app {

// Throws config::ConfigError unless a file of this path can be made, and the collector reads it.
void CheckTextfile(const std::string& path);

struct TextfileStats {
  // Of the latest that was written; epoch (0) if none was.
  base::WallTime written{};
  std::uint64_t writes = 0;
  std::uint64_t failures = 0;
};

// Thread safe.
class Textfile {
 public:
  // The exposition, as the file of this time has it. Called on any thread.
  using Render = std::function<std::string(base::WallTime written)>;

  // From Start() on: writes at once, and then each `interval`. What fails is counted, and logged
  // when it is another failure than before; the file stays as it was. `scheduler` outlives it.
  Textfile(std::string path, base::Duration interval, Render render, base::Scheduler& scheduler);

  void Start() { task_.Start(clock_.Now()); }
  TextfileStats Stats() const;

 private:
  base::TimePoint Run();
  // Empty if it was written.
  std::string Write(base::WallTime now) const;
  void LogOutcome(const std::string& failure);

  const std::string path_;
  const base::Duration interval_;
  const Render render_;
  base::Clock& clock_;
  // Of the run before; used by runs alone.
  std::string last_failure_;
  mutable base::Mutex mutex_;
  TextfileStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses everything above.
  base::PeriodicTask task_;
};

}  // namespace scidex::app
