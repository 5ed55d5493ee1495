// Any configuration file is accepted, or refused with an error of one line.

#include <sys/mman.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "config/config.h"
#include "fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scidex;
  static const base::UniqueFd file(memfd_create("config", MFD_CLOEXEC));
  static const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  fuzz::Expect(ftruncate(file.get(), 0) == 0 &&
                   pwrite(file.get(), data, size, 0) == static_cast<ssize_t>(size),
               "the input can be written");
  const auto nothing = [](const char*) { return std::nullopt; };
  try {
    const config::Config config = config::Load(path, nothing);
    fuzz::Expect(config.hash == config::Load(path, nothing).hash, "one file has one hash");
    fuzz::Expect(config.database.primary_pool.min_idle <= config.database.primary_pool.max_size,
                 "min_idle is at most max_size");
    fuzz::Expect(config.database.primary || config.database.replica, "there is a server");
  } catch (const config::ConfigError& error) {
    fuzz::ExpectMessage(error.what());
  }
  return 0;
}
