#include "base/stop_fd.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

namespace scidex::base {
namespace {

UniqueFd NewEvent() {
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

}  // namespace

StopFd::StopFd(const std::stop_token& stop)
    : event_(NewEvent()), callback_(stop, [fd = event_.get()] { eventfd_write(fd, 1); }) {}

}  // namespace scidex::base
