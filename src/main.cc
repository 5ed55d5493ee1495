// Flags, signals, exit code.

#include <signal.h>

#include "app/command_line.h"
#include "app/run.h"

namespace {

sigset_t OwnSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

int AwaitSignal() {
  const sigset_t signals = OwnSignals();
  int received = 0;
  sigwait(&signals, &received);
  return received;
}

}  // namespace

int main(int argc, char** argv) {
  // The reader of standard output or standard error may go: a write fails then, and ends nothing.
  signal(SIGPIPE, SIG_IGN);
  // Blocked in every thread that is made from here on; AwaitSignal() takes them.
  const sigset_t signals = OwnSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return scidex::app::Run(scidex::app::ParseCommandLine(argc, argv), &AwaitSignal);
}
