#include "app/run.h"

#include <malloc.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "app/exporter.h"
#include "app/version.h"
#include "base/file_limit.h"
#include "base/log.h"
#include "base/periodic_task.h"
#include "base/watchdog.h"
#include "config/config.h"

namespace scidex::app {
namespace {

// Expositions come and go on many threads. Unless told otherwise, glibc keeps what was freed for
// each thread alone, and has the system clear fresh memory for each exposition.
void BoundMemory() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 2 << 20);
}

void Serve(const config::Config& config, const Reloader::Load& load,
           const AwaitSignal& await_signal) {
  base::ConfigureLog(config.log);
  base::RaiseFileLimit();
  BoundMemory();
  base::LogInfo("starting", {{"version", VersionText()}});
  for (const std::string& warning : config.warnings) base::LogWarn(warning);
  // Made before and destroyed after the exporter, whose end it limits.
  base::Watchdog watchdog(base::RealClock());
  auto exporter = std::make_unique<Exporter>(config, load);
  // Of its own thread: whatever holds up a reload, the next signal is heard.
  base::PeriodicTask reload(base::RealClock(), "reload", base::kNever,
                            [&exporter](const std::stop_token&) {
                              exporter->Reload();
                              return base::kNever;
                            });
  int signal = await_signal();
  while (signal == SIGHUP) {
    reload.Trigger();
    signal = await_signal();
  }
  const base::Watchdog::Guard limit(
      watchdog, base::Add(base::RealClock().Now(), config.shutdown_timeout), [] {
        base::LogUnlessItBlocks(base::LogLevel::kError,
                                "not ended in order within shutdown_timeout");
        std::_Exit(EXIT_SUCCESS);
      });
  base::LogInfo("ending", {{"asked_by", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  reload.Stop();
  exporter.reset();
}

}  // namespace

void Run(const CommandLine& flags, const AwaitSignal& await_signal) {
  if (!flags.error.empty()) throw std::runtime_error(flags.error);
  if (!flags.print.empty()) {
    std::cout << flags.print;
    return;
  }
  const auto load = [flags] {
    config::Config config = config::Load(flags.config_file, &config::ProcessEnvironment);
    ApplyFlags(flags, config);
    return config;
  };
  const config::Config config = load();
  Check(config);
  if (!flags.config_check) return Serve(config, load, await_signal);
  std::cout << "the configuration is right\n";
}

}  // namespace scidex::app
