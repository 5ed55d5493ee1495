// Metrics without a port: a file for the textfile collector of node_exporter, which exports them.
// https://github.com/prometheus/node_exporter#textfile-collector
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

// Throws config::ConfigError unless the file can be created and the collector would read it.
void CheckTextfile(const std::string& path);

struct TextfileStats {
  // When the latest file was written; epoch (0) if none was.
  base::WallTime written{};
  // Attempts, including failed ones; counted before writing, because a file includes its own write.
  std::uint64_t writes = 0;
  std::uint64_t failures = 0;
};

// Thread-safe.
class Textfile {
 public:
  // Returns the exposition for a file written at this time. Called on any thread.
  using Render = std::function<std::string(base::WallTime written)>;

  // After Start(), writes immediately and then every `interval`. Failures are counted, and logged
  // if they differ from the previous one; the previous file stays. `scheduler` must outlive it.
  Textfile(std::string path, base::Duration interval, Render render, base::Scheduler& scheduler);

  // Must be called once.
  void Start() { task_.Start(clock_.Now()); }
  TextfileStats Stats() const;

 private:
  base::TimePoint Run();
  // Returns the error, or an empty text.
  std::string Write(base::WallTime now) const;
  void LogOutcome(const std::string& failure);

  const std::string path_;
  const base::Duration interval_;
  const Render render_;
  base::Clock& clock_;
  // The failure of the previous run; used only by runs.
  std::string last_failure_;
  mutable base::Mutex mutex_;
  TextfileStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all members above.
  base::PeriodicTask task_;
};

}  // namespace scidex::app
