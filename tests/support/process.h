// A child process of a test: its output is kept, and it never outlives the test.
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
  // The program, found through PATH if it has no slash, and its arguments.
  std::vector<std::string> command;
  // Added to the caller's environment without its PG* and SCIDEX_* variables, so that the settings
  // of the person who runs a test do not affect it.
  std::map<std::string, std::string> environment = {};
  // Run as this user, with that user's groups; needs root. Empty: as the caller.
  std::string user = {};
};

// Not thread safe. The child has its own process group, /dev/null as its input, and no other
// descriptor of the caller. The kernel kills it when the thread that started it ends, so start it
// from a thread that lasts.
class Process {
 public:
  // Starts it. If the program cannot be executed, the child prints that to its standard error and
  // exits with 127. Throws std::system_error if no process can be created, std::runtime_error for
  // an unknown user.
  explicit Process(const ProcessOptions& options);
  // Kills it with SIGKILL if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // A stopped process (SIGSTOP) counts as running.
  bool running();

  // Has no effect once the process has ended.
  void Signal(int signal);

  // The exit status, or 128 + N if signal N ended the process; std::nullopt if it still runs after
  // `timeout`.
  std::optional<int> Wait(std::chrono::nanoseconds timeout);
  // SIGTERM, then Wait.
  std::optional<int> Terminate(std::chrono::nanoseconds timeout);
  // SIGKILL, then waits until it has ended.
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

// Runs a command until it exits. Throws std::runtime_error with its standard error if it takes
// longer than `timeout`.
ProcessResult Run(const ProcessOptions& options, std::chrono::nanoseconds timeout = kPatience);

// The user for servers that refuse to run as root: "postgres" if this is root, else "" (the
// caller).
std::string UnprivilegedUser();

}  // namespace scidex::test
