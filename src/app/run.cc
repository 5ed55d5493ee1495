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
#include <thread>

#include "app/check.h"
#include "app/exporter.h"
#include "app/likely_mistakes.h"
#include "app/query_trials.h"
#include "app/ready_probe.h"
#include "app/reload_request.h"
#include "app/reload_task.h"
#include "app/version.h"
#include "base/file_limit.h"
#include "base/local_failure.h"
#include "base/log.h"
#include "base/quoted.h"
#include "base/time.h"
#include "base/timer.h"
#include "config/config.h"
#include "database/runtime.h"

namespace scidex::app {
namespace {

constexpr auto kFlushTimeout = std::chrono::milliseconds(500);
// Slightly less than a service manager's default timeout.
constexpr auto kReloadTimeout = std::chrono::seconds(80);
constexpr auto kVerdictPollInterval = std::chrono::milliseconds(10);
constexpr int kExitWithoutVerdicts = 2;

// Expositions are allocated and freed on many threads. By default, glibc keeps freed memory for
// each thread separately, and gets zeroed memory from the system for each exposition.
void BoundMemory() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 2 << 20);
}

void PrintLine(const std::string& line, base::LogLevel level = base::LogLevel::kError) {
  base::WriteToStandardError("scidex_pg_exporter: " + line, level);
}

void WarnOfRoot() {
  if (geteuid() == 0)
    base::LogWarn("running as root, which the exporter never needs; use a dedicated user");
}

// While the result exists, exits the process without a graceful shutdown when the timeout expires.
std::unique_ptr<base::Timer::Entry> ExitAfter(base::Duration timeout, database::Runtime& runtime,
                                              int exit_code) {
  return std::make_unique<base::Timer::Entry>(
      runtime.scheduler.timer(), base::Add(base::RealClock().Now(), timeout), [exit_code] {
        base::LogError("shutdown did not complete within shutdown_timeout");
        base::FlushLog(kFlushTimeout);
        std::_Exit(exit_code);
      });
}

void Serve(const config::Config& config, const Reloader::Load& load, const Signals& signals) {
  base::ConfigureLog(config.log);
  BoundMemory();
  base::LogInfo("starting", {{"version", VersionText()}});
  WarnOfRoot();
  LogWarnings(config);
  // Destroyed after the exporter, whose shutdown its timer limits.
  const auto runtime = std::make_shared<database::Runtime>();
  auto exporter = std::make_unique<Exporter>(
      config, load, runtime,
      std::make_shared<const Service>(ServiceOf(&config::ProcessEnvironment)));
  ReloadTask reload(runtime->scheduler, [&exporter] {
    return exporter->Reload(Reloader::IfUnderWay::kWait).outcome == Reloader::Outcome::kReloaded;
  });
  // Once the exporter reports that it is ready, the process may be stopped, and must then end
  // gracefully.
  signals.hold();
  exporter->StartReport(config);
  Signal signal = signals.await();
  while (signal.number == SIGHUP) {
    reload.Ask(signal);
    signal = signals.await();
  }
  const auto limit = ExitAfter(config.shutdown_timeout, *runtime, EXIT_SUCCESS);
  base::LogInfo("shutting down", {{"asked_by", signal.number == SIGTERM ? "SIGTERM" : "SIGINT"}});
  reload.Stop();
  exporter.reset();
}

// Faults of what --once does not use must not stop it.
void DropOutputs(config::Config& config) {
  config.web.listen_addresses.clear();
  config.web_config_file.clear();
  config.textfile_path.clear();
}

// --once, of a configuration without outputs. Returns the exit code.
int PrintOnce(config::Config config, const Reloader::Load& load, base::Duration timeout) {
  config.log.level = std::max(config.log.level, base::LogLevel::kWarn);
  base::ConfigureLog(config.log);
  // Whether they run would depend on how long a verdict takes.
  config.database.queries.clear();
  const auto runtime = std::make_shared<database::Runtime>();
  auto exporter = std::make_unique<Exporter>(config, load, runtime);
  const base::TimePoint deadline = base::Add(base::RealClock().Now(), timeout);
  while (!exporter->HasVerdicts() && base::RealClock().Now() < deadline)
    std::this_thread::sleep_for(kVerdictPollInterval);
  const int exit_code = exporter->HasVerdicts() ? EXIT_SUCCESS : kExitWithoutVerdicts;
  std::cout << exporter->RenderForFile({}) << std::flush;
  if (!std::cout) throw std::runtime_error("cannot write to standard output");
  if (exit_code != EXIT_SUCCESS)
    PrintLine("not every server has a verdict yet; the metrics are incomplete");
  const auto limit = ExitAfter(config.shutdown_timeout, *runtime, exit_code);
  exporter.reset();
  return exit_code;
}

bool ReportReload(pid_t exporter) {
  switch (AskToReload(exporter, kReloadTimeout)) {
    case ReloadAnswer::kReloaded:
      std::cout << "reloaded\n" << std::flush;
      return true;
    case ReloadAnswer::kRefused:
      PrintLine(
          "the configuration was refused, and the previous one stays in force; see the exporter's "
          "log");
      return false;
    case ReloadAnswer::kEnded:
      PrintLine("process " + std::to_string(exporter) + " has ended without an answer");
      return false;
    case ReloadAnswer::kNone:
      break;
  }
  PrintLine("process " + std::to_string(exporter) + " has not answered within 80 seconds");
  return false;
}

// If the file has become invalid since the exporter was started, asks at the address of the flags.
// Without one, the address is unknown: another exporter may listen at the default one.
bool ReportReady(const CommandLine& flags, const Reloader::Load& load) {
  config::Config config;
  try {
    config = load();
  } catch (const std::exception& error) {
    if (flags.listen_addresses.empty()) {
      std::cout << "not asked: the configuration, which has the address, is invalid: "
                << base::OneLine(error.what()) << '\n'
                << std::flush;
      return false;
    }
    config = config::Config();
    ApplyFlags(flags, config);
  }
  const ReadyAnswer answer = ProbeReady(config, *flags.probe_ready, flags.probe_timeout);
  std::cout << answer.text << '\n' << std::flush;
  return answer.ready;
}

// An addition to errors that the limit of open files may have caused.
std::string MissingFiles() {
  constexpr std::size_t kSpareDescriptors = 16;
  rlimit limit{};
  if (base::CanOpenDescriptors(kSpareDescriptors) || getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return "";
  return "; the limit of open files, " + std::to_string(limit.rlim_cur) +
         ", is too low: raise it with ulimit -n or LimitNOFILE=";
}

// Prints what --config.check finds in a configuration with which the exporter would start. Returns
// whether the check succeeds.
bool ReportCheck(const CommandLine& flags, const config::Config& config) {
  bool is_right = true;
  for (const Mistake& mistake : LikelyMistakes(config)) {
    if (mistake.fails_check && !flags.startup) {
      PrintLine(mistake.text);
      is_right = false;
    } else {
      PrintLine("warning: " + mistake.text, base::LogLevel::kWarn);
    }
  }
  if (!is_right) return false;
  std::cout << "the configuration is valid\n" << std::flush;
  if (!flags.connect) return true;
  base::LogOptions log = config.log;
  log.level = std::max(log.level, base::LogLevel::kWarn);
  base::ConfigureLog(log);
  return TryQueries(config, std::cout);
}

int CodeOf(bool success) { return success ? EXIT_SUCCESS : EXIT_FAILURE; }

// Returns the exit code.
int Execute(const CommandLine& flags, const Signals& signals) {
  if (!flags.error.empty()) throw std::runtime_error(flags.error);
  if (!flags.print.empty()) {
    std::cout << flags.print;
    return EXIT_SUCCESS;
  }
  if (flags.reload) return CodeOf(ReportReload(*flags.reload));
  // From here on, memory contains passwords: no core dumps, no access by other processes of this
  // user.
  prctl(PR_SET_DUMPABLE, 0);
  base::RaiseFileLimit();
  const auto load = [flags] {
    config::Config config = config::Load(flags.config_file, &config::ProcessEnvironment);
    ApplyFlags(flags, config);
    AddWarnings(config);
    return config;
  };
  if (flags.probe_ready) return CodeOf(ReportReady(flags, load));
  config::Config config = load();
  const bool prints_once = flags.once && !flags.config_check;
  if (prints_once) DropOutputs(config);
  Check(config);
  if (!prints_once) CheckOutputs(config);
  if (flags.config_check) return CodeOf(ReportCheck(flags, config));
  if (flags.once) return PrintOnce(config, load, flags.once_timeout);
  Serve(config, load, signals);
  return EXIT_SUCCESS;
}

}  // namespace

int Run(const CommandLine& flags, const Signals& signals) noexcept {
  try {
    const int exit_code = Execute(flags, signals);
    std::cout.flush();
    if (!std::cout) throw std::runtime_error("cannot write to standard output");
    return exit_code;
  } catch (const std::exception& error) {
    PrintLine(base::OneLine(error.what()) + MissingFiles());
    return EXIT_FAILURE;
  }
}

}  // namespace scidex::app
