// Flags, signals, exit code.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "app/command_line.h"
#include "app/reload_request.h"
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

// If the parent closed one of the first three, the next file or socket of this process would take
// its place, and text for standard error would be sent to a client or a server. A closed standard
// output is replaced by a file that refuses writes, so that a program that prints reports an error.
bool HoldStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    // open() takes the lowest that is free.
    const int access = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", access) != fd) return false;
  }
  return true;
}

// Handles SIGTERM and SIGINT until there is something to shut down: they end the process
// immediately, whatever it waits for. Without a handler, they would have no effect on the first
// process of a container.
void EndAtOnce(int signal) {
  raise(signal);
  _exit(128 + signal);
}

void HandleStartSignals() {
  struct sigaction action {};
  action.sa_handler = &EndAtOnce;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  // Even if the parent process ignored or blocked them.
  sigset_t ending;
  sigemptyset(&ending);
  for (const int signal : {SIGTERM, SIGINT}) {
    sigaction(signal, &action, nullptr);
    sigaddset(&ending, signal);
  }
  // A reload that is requested now happens after startup.
  sigset_t reload;
  sigemptyset(&reload);
  sigaddset(&reload, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &reload, nullptr);
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
}

void HoldSignals() {
  const sigset_t signals = OwnSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

scidex::app::Signal AwaitSignal() {
  const sigset_t signals = OwnSignals();
  siginfo_t received{};
  // The process was stopped and continued.
  while (sigwaitinfo(&signals, &received) < 0) {
  }
  return scidex::app::SignalOf(received);
}

}  // namespace

int main(int argc, char** argv) {
  HandleStartSignals();
  if (!HoldStandardDescriptors()) return EXIT_FAILURE;
  // The reader of standard output or standard error may close it; writes then fail without ending
  // the process.
  signal(SIGPIPE, SIG_IGN);
  // The same for a file at its size limit.
  signal(SIGXFSZ, SIG_IGN);
  return scidex::app::Run(scidex::app::ParseCommandLine(argc, argv), {&HoldSignals, &AwaitSignal});
}
