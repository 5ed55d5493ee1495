#include "base/replace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/read_file.h"
#include "support/temp_dir.h"

namespace scidex::base {
namespace {

using testing::ElementsAre;

class ReplaceFileTest : public testing::Test {
 protected:
  std::vector<std::string> FileNames() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
      names.push_back(entry.path().filename().string());
    return names;
  }

  const test::TempDir dir_;
  const std::string path_ = (dir_.path() / "metrics.prom").string();
};

// During its lifetime, no file of this process can grow beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limited{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*const handler_)(int);
};

TEST_F(ReplaceFileTest, MakesAFileThatEveryoneMayRead) {
  const mode_t mask = umask(077);
  ReplaceFile(path_, "one\n");
  umask(mask);
  EXPECT_EQ(ReadFile(path_), "one\n");
  struct stat facts {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0644U);
}

TEST_F(ReplaceFileTest, PutsAnotherFileInItsPlaceAndLeavesNothingElse) {
  ReplaceFile(path_, "one\n");
  struct stat before {};
  ASSERT_EQ(stat(path_.c_str(), &before), 0);
  ReplaceFile(path_, "two\n");
  struct stat after {};
  ASSERT_EQ(stat(path_.c_str(), &after), 0);
  EXPECT_NE(before.st_ino, after.st_ino);
  EXPECT_EQ(ReadFile(path_), "two\n");
  EXPECT_THAT(FileNames(), ElementsAre("metrics.prom"));
}

TEST_F(ReplaceFileTest, KeepsTheOldFileWhereThereIsNoRoomForTheNew) {
  ReplaceFile(path_, "one\n");
  {
    const FileSizeLimit limit(4096);
    EXPECT_THROW(ReplaceFile(path_, std::string(100'000, 'x')), std::runtime_error);
  }
  EXPECT_EQ(ReadFile(path_), "one\n");
  EXPECT_THAT(FileNames(), ElementsAre("metrics.prom"));
}

TEST_F(ReplaceFileTest, SaysWhichFileCannotBeWrittenAndWhy) {
  try {
    ReplaceFile("/nonexistent/metrics.prom", "one\n");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "/nonexistent/metrics.prom: cannot be written: No such file or directory");
  }
}

TEST_F(ReplaceFileTest, LeavesNothingWhereTheNameIsThatOfADirectory) {
  std::filesystem::create_directory(path_);
  EXPECT_THROW(ReplaceFile(path_, "one\n"), std::runtime_error);
  EXPECT_THAT(FileNames(), ElementsAre("metrics.prom"));
}

TEST_F(ReplaceFileTest, MixesNoTwoWriters) {
  const std::string ones(50'000, '1');
  const std::string twos(70'000, '2');
  const auto write = [this](const std::string& text) {
    for (int i = 0; i < 100; ++i) ReplaceFile(path_, text);
  };
  write(ones);
  std::thread other(write, twos);
  std::thread same(write, ones);
  for (int i = 0; i < 200; ++i) {
    const std::string text = ReadFile(path_);
    EXPECT_TRUE(text == ones || text == twos) << text.size();
  }
  other.join();
  same.join();
  EXPECT_THAT(FileNames(), ElementsAre("metrics.prom"));
}

}  // namespace
}  // namespace scidex::base
