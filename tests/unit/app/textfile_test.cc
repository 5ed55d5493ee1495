#include "app/textfile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "base/read_file.h"
#include "base/replace_file.h"
#include "config/config.h"
#include "support/eventually.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace scidex::app {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

std::string TextfileError(const std::string& path) {
  try {
    CheckTextfile(path);
    return "";
  } catch (const config::ConfigError& error) {
    return error.what();
  }
}

class TextfileTest : public testing::Test {
 protected:
  // Waits until this number of writes have ended.
  bool AwaitWrites(const Textfile& textfile, std::uint64_t writes) {
    return test::Eventually(test::kPatience, [&] { return textfile.Stats().writes == writes; }) &&
           clock_.AwaitSleepers(1, seconds(15));
  }

  const test::TempDir dir_;
  const std::string folder_ = (dir_.path() / "collector").string();
  const std::string path_ = folder_ + "/pools.prom";
  test::ManualClock clock_;
  // No thread is added, so that only the task sets the timer for soon.
  base::Scheduler scheduler_{clock_, {.grow_after = std::chrono::hours(2)}};
};

TEST_F(TextfileTest, IsWrittenAtOnceAndThenAtEachInterval) {
  std::filesystem::create_directory(folder_);
  int rendered = 0;
  Textfile textfile(
      path_, seconds(15), [&](base::WallTime) { return std::to_string(++rendered) + '\n'; },
      scheduler_);
  EXPECT_FALSE(std::filesystem::exists(path_));
  textfile.Start();
  ASSERT_TRUE(AwaitWrites(textfile, 1));
  EXPECT_EQ(base::ReadFile(path_), "1\n");
  EXPECT_EQ(textfile.Stats().written, clock_.WallNow());
  clock_.Advance(seconds(15));
  ASSERT_TRUE(AwaitWrites(textfile, 2));
  EXPECT_EQ(base::ReadFile(path_), "2\n");
  EXPECT_EQ(textfile.Stats().written, clock_.WallNow());
  EXPECT_EQ(textfile.Stats().failures, 0u);
}

TEST_F(TextfileTest, SaysInItselfWhenItWasWritten) {
  std::filesystem::create_directory(folder_);
  base::WallTime told{};
  Textfile textfile(
      path_, seconds(15),
      [&](base::WallTime written) {
        told = written;
        return std::string();
      },
      scheduler_);
  textfile.Start();
  ASSERT_TRUE(AwaitWrites(textfile, 1));
  EXPECT_EQ(told, textfile.Stats().written);
}

TEST_F(TextfileTest, FailureIsCountedEachTimeAndLoggedOnce) {
  const test::LogTap log;
  Textfile textfile(
      path_, seconds(15), [](base::WallTime) { return "1\n"; }, scheduler_);
  textfile.Start();
  ASSERT_TRUE(AwaitWrites(textfile, 1));
  for (std::uint64_t i = 2; i <= 4; ++i) {
    clock_.Advance(seconds(15));
    ASSERT_TRUE(AwaitWrites(textfile, i));
  }
  EXPECT_EQ(textfile.Stats().failures, 4u);
  EXPECT_EQ(textfile.Stats().written, base::WallTime{});
  EXPECT_EQ(log.Count({"level=error", "pools.prom: cannot be written"}), 1u);

  std::filesystem::create_directory(folder_);
  clock_.Advance(seconds(15));
  ASSERT_TRUE(AwaitWrites(textfile, 5));
  EXPECT_EQ(textfile.Stats().failures, 4u);
  EXPECT_EQ(log.Count({"level=info", "written again"}), 1u);
}

TEST_F(TextfileTest, ThatCanNotBeMadeIsRefusedWithTheReason) {
  EXPECT_THAT(TextfileError(path_),
              HasSubstr("cannot create a file in \"" + folder_ + "\": No such file or directory"));
  std::filesystem::create_directory(folder_);
  EXPECT_EQ(TextfileError(path_), "");
  EXPECT_THAT(TextfileError(folder_ + "/pools.txt"), HasSubstr("does not end in .prom"));
  std::filesystem::create_directory(path_);
  EXPECT_THAT(TextfileError(path_), HasSubstr("is a directory"));
  EXPECT_EQ(mkfifo((folder_ + "/fifo.prom").c_str(), 0600), 0);
  EXPECT_THAT(TextfileError(folder_ + "/fifo.prom"), HasSubstr("is not a regular file"));
  for (const char* target : {"/none", "/fifo.prom"}) {
    std::filesystem::remove(folder_ + "/link.prom");
    std::filesystem::create_symlink(folder_ + target, folder_ + "/link.prom");
    EXPECT_THAT(TextfileError(folder_ + "/link.prom"), HasSubstr("is a symbolic link")) << target;
  }
  EXPECT_THAT(TextfileError(dir_.Write("file", "").string() + "/pools.prom"),
              HasSubstr("file\" is not a directory"));
}

TEST_F(TextfileTest, DirectoryOfAPathThatMayBeADsnIsNotRepeated) {
  EXPECT_EQ(TextfileError("u:S3cret/x@host.prom"),
            "textfile.path: cannot create a file in its directory: No such file or directory; name "
            "a file in the directory of --collector.textfile.directory, writable by this user");
}

TEST_F(TextfileTest, WhatBecomesALinkIsNotReplaced) {
  std::filesystem::create_directory(folder_);
  std::filesystem::create_symlink("target", path_);
  const test::LogTap log;
  Textfile textfile(
      path_, seconds(15), [](base::WallTime) { return "1\n"; }, scheduler_);
  textfile.Start();
  ASSERT_TRUE(AwaitWrites(textfile, 1));
  ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return textfile.Stats().failures == 1; }));
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/target"));
}

TEST_F(TextfileTest, AnotherProgramThatWritesItIsLoggedOnce) {
  std::filesystem::create_directory(folder_);
  const test::LogTap log;
  const auto render = [](base::WallTime) { return "1\n"; };
  Textfile textfile(path_, seconds(15), render, scheduler_);
  textfile.Start();
  ASSERT_TRUE(AwaitWrites(textfile, 1));
  clock_.Advance(seconds(15));
  ASSERT_TRUE(AwaitWrites(textfile, 2));
  EXPECT_EQ(log.Lines().size(), 0u);
  for (std::uint64_t i = 3; i <= 5; ++i) {
    base::ReplaceFile(path_, "another\n");
    clock_.Advance(seconds(15));
    ASSERT_TRUE(AwaitWrites(textfile, i));
  }
  EXPECT_EQ(log.Count({"level=warn", "another program writes the textfile too"}), 1u);
}

}  // namespace
}  // namespace scidex::app
