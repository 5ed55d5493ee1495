// How one process asks an exporter to reload and hears what came of it, as `--config.reload=PID`
// does: by signals, so that it needs neither a port nor a password, and works where a service
// manager waits for ExecReload= to end.
//
// A SIGHUP with a certain value asks; SIGURG with another answers, which a process that does not
// wait for it ignores.
#pragma once

#include <csignal>
#include <string>

#include "base/time.h"

namespace scidex::app {

// A signal for the exporter.
struct Signal {
  int number = 0;
  // The process that waits for an answer to it; 0 if there is none.
  pid_t asker = 0;
};

// What sigwaitinfo() has told.
Signal SignalOf(const siginfo_t& info);

// To a Signal::asker. One that has gone is no error.
void AnswerReload(pid_t asker, bool reloaded);

enum class ReloadAnswer { kReloaded, kRefused, kEnded, kNone };
// Asks the exporter with this id, and waits for its answer. Throws std::runtime_error where there
// is no such process, it may not be asked, or is no exporter: a SIGHUP would end it. Root becomes
// the exporter's user, for good.
ReloadAnswer AskToReload(pid_t exporter, base::Duration within);

}  // namespace scidex::app
