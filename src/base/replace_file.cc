#include "base/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/local_failure.h"
#include "base/quoted.h"
#include "base/unique_fd.h"

namespace scidex::base {
namespace {

[[noreturn]] void FailToReplace(const std::string& path) {
  const int error = errno;
  const std::string what =
      ShownPath(path) + ": cannot be written: " + std::generic_category().message(error);
  if (const auto resource = LocalResourceOf(error)) throw LocalFailure(*resource, what);
  throw std::runtime_error(what);
}

// A file that is deleted unless it is kept.
class TemporaryFile {
 public:
  // The name begins with a dot and has another suffix than `path`, so that programs that read the
  // directory ignore it.
  explicit TemporaryFile(const std::string& path) {
    const std::size_t name = path.rfind('/') + 1;
    name_ = path.substr(0, name) + '.' + path.substr(name) + ".XXXXXX";
    fd_ = UniqueFd(mkostemp(name_.data(), O_CLOEXEC));
  }
  ~TemporaryFile() {
    if (fd_.valid() && !kept_) unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // Returns false and sets errno on failure.
  bool Write(std::string_view text) {
    constexpr mode_t kReadableByAll = 0644;
    if (!fd_.valid() || fchmod(fd_.get(), kReadableByAll) != 0) return false;
    while (!text.empty()) {
      const ssize_t written = write(fd_.get(), text.data(), text.size());
      if (written < 0 && errno != EINTR) return false;
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
    return fsync(fd_.get()) == 0;
  }
  bool MoveTo(const std::string& path) {
    kept_ = rename(name_.c_str(), path.c_str()) == 0;
    return kept_;
  }

 private:
  std::string name_;
  UniqueFd fd_;
  bool kept_ = false;
};

}  // namespace

void ReplaceFile(const std::string& path, const std::string& text) {
  TemporaryFile file(path);
  if (!file.Write(text) || !file.MoveTo(path)) FailToReplace(path);
}

}  // namespace scidex::base
