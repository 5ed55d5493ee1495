#include "base/read_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

#include "base/clock.h"
#include "base/local_failure.h"
#include "base/quoted.h"
#include "base/unique_fd.h"

namespace scidex::base {
namespace {

[[noreturn]] void Fail(const std::string& path, const std::string& why) {
  throw std::runtime_error(ShownPath(path) + ": " + why);
}

[[noreturn]] void FailWithErrno(const std::string& path) {
  const int error = errno;
  const std::string why = "cannot be read: " + std::generic_category().message(error);
  if (const auto resource = LocalResourceOf(error))
    throw LocalFailure(*resource, ShownPath(path) + ": " + why);
  Fail(path, why);
}

// Waits until the pipe is readable.
void Await(int fd, const std::string& path, TimePoint deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - RealClock().Now()).count();
    if (left <= 0) Fail(path, "the pipe was not closed by its writer in time");
    pollfd polled{fd, POLLIN, 0};
    const int ready = poll(&polled, 1, static_cast<int>(left));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) FailWithErrno(path);
  }
}

void CheckKind(const struct stat& facts, const std::string& path, FileKind kind) {
  if (S_ISREG(facts.st_mode) || (kind == FileKind::kPipe && S_ISFIFO(facts.st_mode))) return;
  if (S_ISDIR(facts.st_mode)) Fail(path, "is a directory; name a file in it");
  Fail(path,
       kind == FileKind::kPipe ? "is neither a regular file nor a pipe" : "is not a regular file");
}

}  // namespace

std::string ReadFile(const std::string& path, FileKind kind, Duration patience) {
  // Does not wait for the writer of a pipe, and does not acquire a controlling terminal.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat facts {};
  if (file.get() < 0 || fstat(file.get(), &facts) != 0) FailWithErrno(path);
  CheckKind(facts, path, kind);
  const TimePoint deadline = RealClock().Now() + patience;
  std::string text;
  std::array<char, 16384> part{};
  for (;;) {
    if (S_ISFIFO(facts.st_mode)) Await(file.get(), path, deadline);
    const ssize_t got = read(file.get(), part.data(), part.size());
    if (got == 0) return text;
    if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
    // Only pipes wait, above.
    const bool again = errno == EINTR || (errno == EAGAIN && S_ISFIFO(facts.st_mode));
    if (got < 0 && !again) FailWithErrno(path);
    if (text.size() > kMaxFileBytes)
      Fail(path, "is larger than 1 MiB, the maximum for such a file");
  }
}

bool EveryoneMayRead(const std::string& path) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 && (file.st_mode & S_IROTH) != 0;
}

}  // namespace scidex::base
