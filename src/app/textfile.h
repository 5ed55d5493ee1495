// Metrics without a port: a file for the textfile collector of node_exporter, which exports them.
// https://github.com/prometheus/node_exporter#textfile-collector
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/periodic_task.h"
#include "base/scheduler.h"
#include "base/time.h"

namespace scidex::app {

// Throws config::ConfigError unless the file can be created, the collector would read it, and what
// is there, if anything, is a regular file. The message begins with `source`, where the path was
// set.
void CheckTextfile(const std::string& path, const std::string& source = "textfile.path");

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
  // if they differ from the previous one; the previous file stays. Another program that writes the
  // same file is logged once. `scheduler` must outlive it.
  Textfile(std::string path, base::Duration interval, Render render, base::Scheduler& scheduler);

  // Must be called once.
  void Start() { task_.Start(clock_.Now()); }
  TextfileStats Stats() const;

 private:
  // Distinguishes a file from others that had its path before.
  struct Identity {
    static std::optional<Identity> Of(const std::string& path);
    friend bool operator==(const Identity&, const Identity&) = default;

    std::uint64_t device;
    std::uint64_t inode;
    std::int64_t modified_seconds;
    std::int64_t modified_nanoseconds;
  };

  base::TimePoint Run();
  // Returns the error, or an empty text.
  std::string Write(base::WallTime now);
  // Logs once if the file is not the one that was written last.
  void LookForAnotherWriter();
  void LogOutcome(const std::string& failure);

  const std::string path_;
  const base::Duration interval_;
  const Render render_;
  base::Clock& clock_;
  // Used only by runs: the failure of the previous one, the latest file, and whether another
  // program has been found to write it.
  std::string last_failure_;
  std::optional<Identity> last_written_;
  bool another_writes_ = false;
  mutable base::Mutex mutex_;
  TextfileStats stats_ SCIDEX_GUARDED_BY(mutex_);
  // Last: it uses all members above.
  base::PeriodicTask task_;
};

}  // namespace scidex::app
