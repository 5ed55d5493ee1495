#include "base/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace scidex::base {
namespace {

std::string JournalStreamOf(int fd) {
  struct stat facts {};
  EXPECT_EQ(fstat(fd, &facts), 0);
  return std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino);
}

TEST(Journal, IsTheFileOfThatDeviceAndInodeAlone) {
  const test::TempDir dir;
  const UniqueFd one(open(dir.Write("one", "").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd two(open(dir.Write("two", "").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(IsJournal(one.get(), JournalStreamOf(one.get())));
  EXPECT_FALSE(IsJournal(two.get(), JournalStreamOf(one.get())));
  EXPECT_FALSE(IsJournal(one.get(), ""));
  EXPECT_FALSE(IsJournal(one.get(), "9:"));
  EXPECT_FALSE(IsJournal(-1, JournalStreamOf(one.get())));
}

TEST(Journal, HasAPrefixForEachLevel) {
  EXPECT_EQ(JournalPrefix(LogLevel::kDebug), "<7>");
  EXPECT_EQ(JournalPrefix(LogLevel::kInfo), "<6>");
  EXPECT_EQ(JournalPrefix(LogLevel::kWarn), "<4>");
  EXPECT_EQ(JournalPrefix(LogLevel::kError), "<3>");
}

}  // namespace
}  // namespace scidex::base
