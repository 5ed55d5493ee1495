#include "base/utf8.h"

#include <gtest/gtest.h>

namespace scidex::base {
namespace {

TEST(ToUtf8, LeavesWhatIsWellFormed) {
  for (const char* text : {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x90\x98"}) {
    EXPECT_EQ(ToUtf8(text), text);
  }
}

TEST(ToUtf8, ReplacesEachByteThatIsNot) {
  const std::string one = "\xEF\xBF\xBD";
  EXPECT_EQ(ToUtf8("a\xE4z"), "a" + one + "z");
  EXPECT_EQ(ToUtf8("\xC3"), one);
  // Overlong, a surrogate, and beyond the last code point.
  EXPECT_EQ(ToUtf8("\xC0\x80"), one + one);
  EXPECT_EQ(ToUtf8("\xED\xA0\x80"), one + one + one);
  EXPECT_EQ(ToUtf8("\xF4\x90\x80\x80"), one + one + one + one);
}

TEST(IsUtf8, HoldsOnlyIfEachByteIsPartOfAWellFormedSequence) {
  for (const char* text : {"", "plain", "\xC3\xA4z", "\xE2\x82\xAC", "\xF0\x9F\x90\x98"})
    EXPECT_TRUE(IsUtf8(text)) << text;
  for (const char* text : {"\xE4", "a\xE4z", "\xC3\xA4\xC3", "\xC0\x80", "\xED\xA0\x80"})
    EXPECT_FALSE(IsUtf8(text)) << text;
}

}  // namespace
}  // namespace scidex::base
