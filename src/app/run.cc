#include "app/run.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "app/exporter.h"
#include "app/likely_mistakes.h"
#include "app/query_trials.h"
#include "app/runtime.h"
#include "app/version.h"
#include "base/file_limit.h"
#include "base/local_failure.h"
#include "base/log.h"
#include "base/periodic_task.h"
#include "base/quoted.h"
#include "base/timer.h"
#include "config/config.h"

namespace scidex::app {
namespace {

constexpr auto kLastWordsWithin = std::chrono::milliseconds(500);

// Expositions come and go on many threads. Unless told otherwise, glibc keeps what was freed for
// each thread alone, and has the system clear fresh memory for each exposition.
void BoundMemory() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 2 << 20);
}

void Say(const std::string& line) { base::WriteToStandardError("scidex_pg_exporter: " + line); }

void WarnOfRoot() {
  if (geteuid() == 0)
    base::LogWarn("running as root, which the exporter never needs; run it as a user of its own");
}

void Serve(const config::Config& config, const Reloader::Load& load,
           const AwaitSignal& await_signal) {
  base::ConfigureLog(config.log);
  BoundMemory();
  base::LogInfo("starting", {{"version", VersionText()}});
  WarnOfRoot();
  LogWarnings(config);
  // Destroyed after the exporter, whose end its timer limits.
  const auto runtime = std::make_shared<Runtime>();
  auto exporter = std::make_unique<Exporter>(config, load, runtime);
  // Not on this thread: whatever holds up a reload, the next signal is heard.
  base::PeriodicTask reload(runtime->scheduler, base::TaskKind::kReload, base::kNever,
                            [&exporter](const std::stop_token&) {
                              exporter->Reload(Reloader::IfUnderWay::kWait);
                              return base::kNever;
                            });
  int signal = await_signal();
  while (signal == SIGHUP) {
    reload.Trigger();
    signal = await_signal();
  }
  const base::Timer::Entry limit(
      runtime->scheduler.timer(), base::Add(base::RealClock().Now(), config.shutdown_timeout), [] {
        base::LogError("shutdown did not complete within shutdown_timeout");
        base::FlushLog(kLastWordsWithin);
        std::_Exit(EXIT_SUCCESS);
      });
  base::LogInfo("ending", {{"asked_by", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  reload.Stop();
  exporter.reset();
}

// What else to say of an error that may have come of the limit of open files.
std::string MissingFiles() {
  constexpr std::size_t kFew = 16;
  rlimit limit{};
  if (base::CanOpenDescriptors(kFew) || getrlimit(RLIMIT_NOFILE, &limit) != 0) return "";
  return "; the limit of open files, " + std::to_string(limit.rlim_cur) +
         ", is too low: raise it with ulimit -n or LimitNOFILE=";
}

// What --config.check found beside errors; whether the configuration is right.
bool ReportCheck(const CommandLine& flags, const config::Config& config) {
  const bool is_error = flags.syntax == SyntaxIs::kError;
  for (const std::string& unknown : config.unknown_sql)
    Say((is_error ? "" : "warning: ") + unknown);
  for (const std::string& warning : config.warnings) Say("warning: " + warning);
  bool is_right = !is_error || config.unknown_sql.empty();
  for (const Mistake& mistake : LikelyMistakes(config)) {
    Say((mistake.is_error ? "" : "warning: ") + mistake.text);
    is_right = is_right && !mistake.is_error;
  }
  if (!is_right) return false;
  std::cout << "the configuration is right\n" << std::flush;
  if (!flags.connect) return true;
  base::LogOptions log = config.log;
  log.level = std::max(log.level, base::LogLevel::kWarn);
  base::ConfigureLog(log);
  return TryQueries(config, std::cout);
}

// Whether all is well.
bool DoAsFlagsSay(const CommandLine& flags, const AwaitSignal& await_signal) {
  if (!flags.error.empty()) throw std::runtime_error(flags.error);
  if (!flags.print.empty()) {
    std::cout << flags.print;
    return true;
  }
  // Passwords are held from here on: neither in a core dump, nor for other processes of this user.
  prctl(PR_SET_DUMPABLE, 0);
  base::RaiseFileLimit();
  const auto load = [flags] {
    config::Config config = config::Load(flags.config_file, &config::ProcessEnvironment);
    ApplyFlags(flags, config);
    return config;
  };
  const config::Config config = load();
  Check(config);
  if (flags.config_check) return ReportCheck(flags, config);
  Serve(config, load, await_signal);
  return true;
}

}  // namespace

int Run(const CommandLine& flags, const AwaitSignal& await_signal) noexcept {
  try {
    return DoAsFlagsSay(flags, await_signal) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    Say(base::OneLine(error.what()) + MissingFiles());
    return EXIT_FAILURE;
  }
}

}  // namespace scidex::app
