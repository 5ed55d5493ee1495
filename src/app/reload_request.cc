#include "app/reload_request.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace scidex::app {
namespace {

constexpr int kReloadRequested = 0x5c1de;
constexpr int kReloadSucceeded = 0x5c1df;
constexpr int kReloadRefused = 0x5c1e0;

// The interval at which to check whether the exporter has ended.
constexpr base::Duration kPollInterval = std::chrono::milliseconds(200);

// The interval at which a request is repeated.
constexpr base::Duration kRepeatInterval = std::chrono::seconds(1);

// SIGHUP would end another program. Not checked without /proc.
void CheckProgram(pid_t pid) {
  const auto name_of = [](const std::string& process) {
    std::ifstream file("/proc/" + process + "/comm");
    std::string name;
    std::getline(file, name);
    return name;
  };
  const std::string name = name_of(std::to_string(pid));
  if (!name.empty() && name != name_of("self"))
    throw std::runtime_error("process " + std::to_string(pid) + " is not a scidex_pg_exporter");
}

// It could not answer: the ID of this process means nothing there. Not checked without /proc.
void CheckNamespace(pid_t pid) {
  const auto namespace_of = [](const std::string& process) {
    std::error_code unknown;
    return std::filesystem::read_symlink("/proc/" + process + "/ns/pid", unknown).string();
  };
  const std::string other = namespace_of(std::to_string(pid));
  if (!other.empty() && other != namespace_of("self")) {
    throw std::runtime_error("process " + std::to_string(pid) +
                             " is in another PID namespace; run this command in its container");
  }
}

// An exporter without privileges can send signals only to processes of its own user.
void SwitchToUserOf(pid_t pid) {
  struct stat process {};
  if (geteuid() != 0 || stat(("/proc/" + std::to_string(pid)).c_str(), &process) != 0) return;
  if (process.st_uid != 0 && setresuid(process.st_uid, process.st_uid, process.st_uid) != 0) {
    throw std::runtime_error("cannot switch to the user of process " + std::to_string(pid) + ": " +
                             std::generic_category().message(errno));
  }
}

// Readable once the process has ended; invalid if the kernel lacks pidfd_open().
base::UniqueFd EndOf(pid_t pid) {
  return base::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

bool HasEnded(const base::UniqueFd& end) {
  pollfd one{end.get(), POLLIN, 0};
  return end.get() >= 0 && poll(&one, 1, 0) == 1;
}

void Request(pid_t exporter) {
  // Again each time: if the exporter has ended, another process may have its ID now.
  CheckProgram(exporter);
  sigval value{};
  value.sival_int = kReloadRequested;
  if (sigqueue(exporter, SIGHUP, value) != 0) {
    throw std::runtime_error("process " + std::to_string(exporter) +
                             " cannot be signalled: " + std::generic_category().message(errno));
  }
}

timespec Timespec(base::Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  timespec spec{};
  spec.tv_sec = seconds.count();
  spec.tv_nsec = (duration - seconds).count();
  return spec;
}

}  // namespace

Signal SignalOf(const siginfo_t& info) {
  const bool asks = info.si_signo == SIGHUP && info.si_code == SI_QUEUE &&
                    info.si_value.sival_int == kReloadRequested;
  return {info.si_signo, asks ? info.si_pid : 0};
}

void AnswerReload(pid_t asker, bool reloaded) {
  sigval value{};
  value.sival_int = reloaded ? kReloadSucceeded : kReloadRefused;
  sigqueue(asker, SIGURG, value);
}

ReloadAnswer AskToReload(pid_t exporter, base::Duration within) {
  CheckProgram(exporter);
  CheckNamespace(exporter);
  SwitchToUserOf(exporter);
  const base::UniqueFd end = EndOf(exporter);
  sigset_t answers;
  sigemptyset(&answers);
  sigaddset(&answers, SIGURG);
  pthread_sigmask(SIG_BLOCK, &answers, nullptr);
  Request(exporter);
  base::TimePoint now = base::RealClock().Now();
  const base::TimePoint deadline = base::Add(now, within);
  base::TimePoint repeat = base::Add(now, kRepeatInterval);
  for (; now < deadline; now = base::RealClock().Now()) {
    siginfo_t info{};
    const timespec left = Timespec(std::min(deadline - now, kPollInterval));
    // Checked before waiting, because the answer may be the last thing that the process sends.
    const bool ended = HasEnded(end);
    if (sigtimedwait(&answers, &info, &left) != SIGURG || info.si_pid != exporter) {
      if (ended) return ReloadAnswer::kEnded;
      // A signal that arrives while one of the same number is pending is lost.
      if (now >= repeat && !HasEnded(end)) {
        Request(exporter);
        repeat = base::Add(now, kRepeatInterval);
      }
      continue;
    }
    if (info.si_value.sival_int == kReloadSucceeded) return ReloadAnswer::kReloaded;
    if (info.si_value.sival_int == kReloadRefused) return ReloadAnswer::kRefused;
  }
  return ReloadAnswer::kNone;
}

}  // namespace scidex::app
