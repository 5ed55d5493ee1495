// Takes resources from this process for a scope, as a busy machine does.
#pragma once

#include <sys/resource.h>

namespace scidex::test {

// While it lives, no descriptor can be opened; open descriptors stay open.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() { Set({0, before_.rlim_max}); }
  ~NoDescriptorsLeft() { Set(before_); }
  NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
  NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;

 private:
  static rlimit CurrentLimit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
  }
  static void Set(const rlimit& limit) { setrlimit(RLIMIT_NOFILE, &limit); }

  const rlimit before_ = CurrentLimit();
};

}  // namespace scidex::test
