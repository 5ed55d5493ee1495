#include "base/journal.h"

#include <sys/stat.h>

#include <array>
#include <cstddef>

namespace scidex::base {

bool IsJournal(int fd, std::string_view journal_stream) {
  struct stat facts {};
  return fstat(fd, &facts) == 0 &&
         journal_stream == std::to_string(facts.st_dev) + ':' + std::to_string(facts.st_ino);
}

std::string_view JournalPrefix(LogLevel level) {
  // debug, info, warning, err of syslog(3).
  static constexpr std::array<std::string_view, kEnumCount<LogLevel>> kPrefixes{"<7>", "<6>", "<4>",
                                                                                "<3>"};
  return kPrefixes[static_cast<std::size_t>(level)];
}

}  // namespace scidex::base
