#include "base/read_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace scidex::base {
namespace {

std::string ErrorOf(const std::string& path, FileKind kind, Duration patience = kPipePatience) {
  try {
    ReadFile(path, kind, patience);
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
  EXPECT_EQ(ErrorOf(Path("none"), FileKind::kPipe),
            Path("none") + ": cannot be read: No such file or directory");
  EXPECT_EQ(ErrorOf(dir_.path().string(), FileKind::kRegular),
            dir_.path().string() + ": is a directory; name a file in it");
  EXPECT_EQ(ErrorOf("/proc/self/mem", FileKind::kPipe),
            "/proc/self/mem: cannot be read: Input/output error");
}

TEST_F(ReadFileTest, SecretInPlaceOfAPathIsNotRepeated) {
  for (const char* secret : {"-----BEGIN PRIVATE KEY-----\nS\n", "host=db password=S"}) {
    EXPECT_EQ(ErrorOf(secret, FileKind::kRegular),
              "this file: cannot be read: No such file or directory");
  }
}

TEST_F(ReadFileTest, DoesNotWaitForTheWriterOfAPipeWhereARegularFileIsMeant) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(ErrorOf(Path("pipe"), FileKind::kRegular), Path("pipe") + ": is not a regular file");
}

TEST_F(ReadFileTest, ReadsAPipeToItsEndWhereOneMayBeNamed) {
  const std::string path = Path("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  auto text = std::async(std::launch::async,
                         [&] { return ReadFile(path, FileKind::kPipe, std::chrono::hours(1)); });
  std::ofstream(path) << std::string(100'000, 'x');
  EXPECT_EQ(text.get().size(), 100'000u);
}

TEST_F(ReadFileTest, DoesNotWaitForeverForTheWriterOfAPipe) {
  const std::string path = Path("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string error = path + ": the pipe was not closed by its writer in time";
  EXPECT_EQ(ErrorOf(path, FileKind::kPipe, std::chrono::milliseconds(20)), error);
  const UniqueFd writer(open(path.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(write(writer.get(), "half", 4), 4);
  EXPECT_EQ(ErrorOf(path, FileKind::kPipe, std::chrono::milliseconds(20)), error);
}

TEST_F(ReadFileTest, DevicesAreNeitherReadNorWaitedFor) {
  for (const std::string path : {"/dev/zero", "/dev/ptmx", "/dev/null"}) {
    EXPECT_EQ(ErrorOf(path, FileKind::kPipe), path + ": is neither a regular file nor a pipe");
    EXPECT_EQ(ErrorOf(path, FileKind::kRegular), path + ": is not a regular file");
  }
}

TEST_F(ReadFileTest, FileOfMoreThanAMebibyteIsRefused) {
  const std::string most(kMaxFileBytes, 'x');
  EXPECT_EQ(ReadFile(dir_.Write("most", most).string()), most);
  const std::string path = dir_.Write("more", most + "x").string();
  EXPECT_EQ(ErrorOf(path, FileKind::kRegular),
            path + ": is larger than 1 MiB, the maximum for such a file");
}

}  // namespace
}  // namespace scidex::base
