// Captures the log while it lives.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"

namespace scidex::test {

// Thread safe. One at a time.
class LogTap {
 public:
  LogTap() {
    base::SetLogTap([this](base::LogLevel, const std::string& line) {
      base::MutexLock lock(mutex_);
      lines_.push_back(line);
    });
  }
  ~LogTap() { base::SetLogTap({}); }
  LogTap(const LogTap&) = delete;
  LogTap& operator=(const LogTap&) = delete;

  // The lines without their timestamps, oldest first.
  std::vector<std::string> Lines() const {
    base::MutexLock lock(mutex_);
    return lines_;
  }

  // The number of lines that contain all of `parts`.
  std::size_t Count(const std::vector<std::string>& parts) const {
    const std::vector<std::string> lines = Lines();
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
          return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
            return line.find(part) != std::string::npos;
          });
        }));
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<std::string> lines_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::test
