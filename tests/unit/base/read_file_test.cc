#include "base/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <stdexcept>

#include "support/temp_dir.h"

namespace scidex::base {
namespace {

std::string ErrorOf(const std::string& path, FileKind kind) {
  try {
    ReadFile(path, kind);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

class ReadFileTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }

  const test::TempDir dir_;
};

TEST_F(ReadFileTest, GivesTheWholeFile) {
  const std::string text(10'000, 'x');
  const std::string path = dir_.Write("file", text + "\n").string();
  EXPECT_EQ(ReadFile(path), text + "\n");
  EXPECT_EQ(ReadFile(path, FileKind::kRegular), text + "\n");
  EXPECT_EQ(ReadFile(dir_.Write("empty", "").string()), "");
}

TEST_F(ReadFileTest, SaysWhichFileAndWhy) {
  EXPECT_EQ(ErrorOf(Path("none"), FileKind::kAny),
            Path("none") + ": cannot be read: No such file or directory");
  EXPECT_EQ(ErrorOf(dir_.path().string(), FileKind::kRegular),
            dir_.path().string() + ": is a directory; name a file in it");
  EXPECT_EQ(ErrorOf("/proc/self/mem", FileKind::kAny),
            "/proc/self/mem: cannot be read: Input/output error");
}

TEST_F(ReadFileTest, DoesNotWaitForTheWriterOfAPipeWhereARegularFileIsMeant) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(ErrorOf(Path("pipe"), FileKind::kRegular), Path("pipe") + ": is not a regular file");
}

}  // namespace
}  // namespace scidex::base
