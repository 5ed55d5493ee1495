// How one process makes an exporter reload and gets the result, for `--config.reload=PID`: by
// signals, which need neither a port nor a password, and with which a service manager can wait for
// ExecReload= to finish.
//
// The request is a SIGHUP with a certain value. While a SIGHUP is pending, because the exporter is
// starting or stopped, the kernel discards any further one: the request is therefore repeated until
// it is answered. The answer is a SIGURG with another value; a process that does not wait for it
// ignores SIGURG.
#pragma once

#include <csignal>
#include <string>

#include "base/time.h"

namespace scidex::app {

// A signal that the exporter received.
struct Signal {
  int number = 0;
  // The process that waits for an answer; 0 if there is none.
  pid_t asker = 0;
};

// Converts the result of sigwaitinfo().
Signal SignalOf(const siginfo_t& info);

// `asker` is a Signal::asker. It is no error if that process has ended.
void AnswerReload(pid_t asker, bool reloaded);

enum class ReloadAnswer { kReloaded, kRefused, kEnded, kNone };
// Sends a reload request, repeats it every second and waits for the answer. Throws
// std::runtime_error if there is no such process, it may not be signalled, or it is not an exporter
// (SIGHUP would end it). If the caller is root, permanently switches to the exporter's user.
ReloadAnswer AskToReload(pid_t exporter, base::Duration within);

}  // namespace scidex::app
