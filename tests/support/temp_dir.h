// A directory that is removed at the end of the test.
#pragma once

#include <filesystem>
#include <string>

namespace scidex::test {

class TempDir {
 public:
  // Creates /tmp/scidex-test-XXXXXX, mode 0700, owned by `owner` (needs root) or by the caller. It
  // is not under TMPDIR, because another user may not have access to that, and because the path of
  // a Unix socket must be short.
  explicit TempDir(const std::string& owner = "");
  // Removes everything in it.
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Writes a file of that name, mode 0600, owned by the directory's owner, and returns its path.
  std::filesystem::path Write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace scidex::test
