// A child process that a test owns: its output is kept, and it never outlives the test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/eventually.h"

namespace scidex::test {

struct ProcessOptions {
  // The program, found through PATH where it has no slash, and its arguments.
  std::vector<std::string> command;
  // Set on top of the caller's environment, of which PG* and SCIDEX_* are left out: nobody's own
  // settings steer a test.
  std::map<std::string, std::string> environment = {};
  // Run as this user, with that user's groups; only root can. Empty: as the caller.
  std::string user = {};
};

// Not thread safe. The child has a process group of its own, /dev/null as its input, and no other
// descriptor of the caller's. The kernel kills it when the thread that started it ends, so start it
// from one that lasts.
class Process {
 public:
  // Starts it. A program that cannot be executed exits with 127 and says so on its standard error.
  // Throws std::system_error when no process can be made, std::runtime_error for an unknown user.
  explicit Process(const ProcessOptions& options);
  // Kills it with SIGKILL if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // A stopped process (SIGSTOP) runs too.
  bool running();

  // Nothing happens once the process has ended.
  void Signal(int signal);

  // The exit status, 128 + N for a process ended by signal N; nothing if it still runs after
  // `timeout`.
  std::optional<int> Wait(std::chrono::nanoseconds timeout);
  // SIGTERM, then Wait.
  std::optional<int> Terminate(std::chrono::nanoseconds timeout);
  // SIGKILL, then waits for the end.
  void Kill();

  // What it has written so far to its standard output, and to its standard error.
  std::string Output() const;
  std::string Errors() const;

 private:
  base::UniqueFd output_;
  base::UniqueFd errors_;
  pid_t pid_ = -1;
  std::optional<int> exit_status_;
};

struct ProcessResult {
  int exit_status = 0;
  std::string output;
  std::string errors;
};

// Runs a command to its end. Throws std::runtime_error, with what it wrote to its standard error,
// when it takes longer than `timeout`.
ProcessResult Run(const ProcessOptions& options, std::chrono::nanoseconds timeout = kPatience);

// Who runs servers that refuse to run as root: "postgres" for root, "" (the caller) for everybody
// else.
std::string UnprivilegedUser();

}  // namespace scidex::test
