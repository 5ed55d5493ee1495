// A directory that is gone when the test is over.
#pragma once

#include <filesystem>
#include <string>

namespace scidex::test {

class TempDir {
 public:
  // Makes /tmp/scidex-test-XXXXXX, mode 0700, belonging to `owner` (which only root may choose) or
  // to the caller. It is not under TMPDIR: another user may have no way there, and the path of a
  // Unix socket must stay short.
  explicit TempDir(const std::string& owner = "");
  // Removes everything in it.
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Writes a file of that name, mode 0600, of the directory's owner, and returns its path.
  std::filesystem::path Write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace scidex::test
