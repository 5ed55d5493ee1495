#include "base/stop_fd.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

#include "base/fork.h"
#include "base/local_failure.h"

namespace scidex::base {
namespace {

UniqueFd NewEvent() {
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid())
    CountLocalFailure(LocalResourceOf(errno).value_or(LocalResource::kDescriptors));
  return event;
}

struct ThreadEvent {
  UniqueFd event;
  // A child of fork() shares the event with its parent and must not use it.
  ForkCheck fork_check;
  bool in_use = false;
};
thread_local ThreadEvent thread_event;

// Returns -1 if it is in use or cannot be created.
int TakeThreadEvent() {
  ThreadEvent& own = thread_event;
  if (own.in_use) return -1;
  if (!own.event.valid() || own.fork_check.Forked()) {
    own.event = NewEvent();
    own.fork_check = {};
  }
  own.in_use = own.event.valid();
  return own.event.get();
}

void ReturnThreadEvent() {
  eventfd_t count = 0;
  static_cast<void>(eventfd_read(thread_event.event.get(), &count));
  thread_event.in_use = false;
}

}  // namespace

StopFd::StopFd(const std::stop_token& stop) : stop_(stop) {
  if (!stop.stop_possible()) return;
  fd_ = TakeThreadEvent();
  uses_thread_event_ = fd_ >= 0;
  if (!uses_thread_event_ && thread_event.in_use) {
    extra_ = NewEvent();
    fd_ = extra_.get();
  }
  if (fd_ >= 0) callback_.emplace(stop, [fd = fd_] { eventfd_write(fd, 1); });
}

StopFd::~StopFd() {
  // Before another StopFd uses the descriptor.
  callback_.reset();
  if (uses_thread_event_) ReturnThreadEvent();
}

}  // namespace scidex::base
