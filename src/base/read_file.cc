#include "base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/local_failure.h"
#include "base/unique_fd.h"

namespace scidex::base {
namespace {

[[noreturn]] void Fail(const std::string& path, const std::string& why) {
  throw std::runtime_error(path + ": " + why);
}

[[noreturn]] void FailWithErrno(const std::string& path) {
  const int error = errno;
  const std::string why = "cannot be read: " + std::generic_category().message(error);
  if (const auto resource = LocalResourceOf(error))
    throw LocalFailure(*resource, path + ": " + why);
  Fail(path, why);
}

}  // namespace

std::string ReadFile(const std::string& path, FileKind kind) {
  // A pipe is opened without waiting for its writer.
  const int wait = kind == FileKind::kRegular ? O_NONBLOCK : 0;
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | wait));
  struct stat facts {};
  if (file.get() < 0 || fstat(file.get(), &facts) != 0) FailWithErrno(path);
  if (S_ISDIR(facts.st_mode)) Fail(path, "is a directory; name a file in it");
  if (kind == FileKind::kRegular && !S_ISREG(facts.st_mode)) Fail(path, "is not a regular file");
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = read(file.get(), part.data(), part.size());
    if (got == 0) return text;
    if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) FailWithErrno(path);
  }
}

}  // namespace scidex::base
