#include "base/hangup_watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "base/local_failure.h"
#include "base/log.h"

namespace scidex::base {
namespace {

// ID of the eventfd that ends the loop; not used by any guard.
constexpr std::uint64_t kStop = 0;

UniqueFd Opened(int fd) {
  if (fd < 0)
    throw LocalFailure(LocalResourceOf(errno).value_or(LocalResource::kDescriptors),
                       "cannot open a descriptor for the hang-up watch");
  return UniqueFd(fd);
}

void Add(int epoll, int fd, std::uint32_t events, std::uint64_t id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot watch a socket");
}

}  // namespace

HangupWatch::HangupWatch()
    : epoll_(Opened(epoll_create1(EPOLL_CLOEXEC))),
      stop_([this] {
        UniqueFd stop = Opened(eventfd(0, EFD_CLOEXEC));
        Add(epoll_.get(), stop.get(), EPOLLIN, kStop);
        return stop;
      }()),
      thread_("hangup-watch", [this] { Loop(); }) {}

HangupWatch::~HangupWatch() {
  // A child shares the event with its parent, whose thread this would end.
  if (fork_check_.Forked()) return;
  eventfd_write(stop_.get(), 1);
  thread_.Join();
}

HangupWatch::Guard::Guard(HangupWatch& watch, int socket, std::function<void()> on_hangup)
    : watch_(watch), socket_(socket) {
  {
    MutexLock lock(watch_.mutex_);
    id_ = ++watch_.last_id_;
    watch_.guarded_.emplace(id_, std::move(on_hangup));
  }
  try {
    // EPOLLHUP and EPOLLERR are always reported.
    Add(watch_.epoll_.get(), socket, EPOLLRDHUP | EPOLLONESHOT, id_);
  } catch (...) {
    MutexLock lock(watch_.mutex_);
    watch_.guarded_.erase(id_);
    throw;
  }
}

HangupWatch::Guard::~Guard() {
  // A child shares its parent's epoll instance, but has no thread that could run the function.
  if (fork_check_.Forked()) return;
  epoll_ctl(watch_.epoll_.get(), EPOLL_CTL_DEL, socket_, nullptr);
  MutexLock lock(watch_.mutex_);
  while (watch_.running_ == id_) watch_.notified_.Wait(watch_.mutex_);
  watch_.guarded_.erase(id_);
}

void HangupWatch::Loop() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == kStop) return;
      Notify(id);
    }
  }
}

void HangupWatch::Notify(std::uint64_t id) {
  MutexLock lock(mutex_);
  const auto guarded = guarded_.find(id);
  if (guarded == guarded_.end()) return;
  // Not copied, which may fail: the guard's destructor waits until it has returned.
  const std::function<void()>& on_hangup = guarded->second;
  running_ = id;
  lock.Unlock();
  try {
    on_hangup();
  } catch (const std::exception& error) {
    LogFailure("hang-up handler failed", error);
  }
  lock.Lock();
  running_ = 0;
  notified_.NotifyAll();
}

}  // namespace scidex::base
