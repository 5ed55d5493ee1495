#include "base/quoted.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace scidex::base {
namespace {

std::string QuoteAndParse(const std::string& text) {
  return nlohmann::json::parse(Quoted(text)).get<std::string>();
}

TEST(Quoted, JsonParserGivesTheTextBack) {
  std::string ascii;
  for (char c = 0; c < 127; ++c) ascii += c;
  EXPECT_EQ(QuoteAndParse(ascii + '\x7f'), ascii + '\x7f');
  EXPECT_EQ(QuoteAndParse("grün, 日本, 🐘"), "grün, 日本, 🐘");
  EXPECT_EQ(QuoteAndParse(""), "");
}

TEST(Quoted, NoControlCharacterIsLeft) {
  for (int c = 0; c < 128; ++c) {
    for (const char left : Quoted(std::string(1, static_cast<char>(c)))) {
      EXPECT_GE(left, ' ') << c;
      EXPECT_NE(left, '\x7f') << c;
    }
  }
}

TEST(Quoted, NothingEndsALineOrTurnsItsDirection) {
  // NEL, CSI, the ends of line and paragraph, right-to-left override and isolate.
  EXPECT_EQ(Quoted("a\u0085b\u009bc\u2028d\u2029e\u202ef\u2066g"),
            R"("a\u0085b\u009bc\u2028d\u2029e\u202ef\u2066g")");
  EXPECT_EQ(Quoted("\u00a0\u2027\u202f\u2065\u206a\u00fc\u20ac"),
            "\"\u00a0\u2027\u202f\u2065\u206a\u00fc\u20ac\"");
}

TEST(OneLine, LeavesQuotesAndBackslashes) {
  EXPECT_EQ(OneLine("a \"b\" c\\d\n\x1b[31m"), "a \"b\" c\\d\\n\\u001b[31m");
}

TEST(Quoted, BytesThatAreNotUtf8BecomeTheReplacementCharacter) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(QuoteAndParse("gr\xFCn"), "gr" + r + "n");
  EXPECT_EQ(QuoteAndParse("cut \xE6\x97"), "cut " + r + r);
  EXPECT_EQ(QuoteAndParse("\x80"), r);
  // The bytes after the view would complete the sequence.
  EXPECT_EQ(Quoted(std::string_view("\xE6\x97\xA5", 2)), '"' + r + r + '"');
  EXPECT_EQ(QuoteAndParse("long \xC0\xAF"), "long " + r + r);
  EXPECT_EQ(QuoteAndParse("long \xE0\x80\xAF"), "long " + r + r + r);
  EXPECT_EQ(QuoteAndParse("surrogate \xED\xA0\x80"), "surrogate " + r + r + r);
  EXPECT_EQ(QuoteAndParse("too large \xF4\x90\x80\x80"), "too large " + r + r + r + r);
}

// Every sequence of up to three bytes from a set that contains the bounds of all ranges.
TEST(Quoted, EveryCombinationOfBytesIsParseable) {
  const unsigned char borders[] = {0x00, 0x22, 0x5c, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                   0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
                                   0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5};
  const auto text = [](unsigned char c) { return std::string(1, static_cast<char>(c)); };
  for (const unsigned char a : borders) {
    for (const unsigned char b : borders) {
      for (const unsigned char c : borders) {
        for (const char* end : {"", "\x80"}) {
          const std::string quoted = Quoted(text(a) + text(b) + text(c) + end);
          EXPECT_TRUE(nlohmann::json::accept(quoted)) << quoted;
        }
      }
    }
  }
}

TEST(ShownPath, IsThePathUnlessThatMayBeASecret) {
  for (const char* path :
       {"/etc/scidex/key", "./a=b/@c", "C@D", "password", "/run/secrets/password"})
    EXPECT_EQ(ShownPath(path), path);
  for (const char* secret :
       {"-----BEGIN PRIVATE KEY-----", "/etc/scidex/-----BEGIN EC PRIVATE KEY-----\nMC4C", "MC4C\n",
        "postgresql://app@db/x", "host=db password=S", "host=db PassWord = S", "sslpassword=S",
        "password password=S"}) {
    EXPECT_EQ(ShownPath(secret), "this file") << secret;
  }
}

TEST(QuotedUnlessSecret, RepeatsNeitherAConnectionStringNorAKey) {
  EXPECT_EQ(QuotedUnlessSecret("a b"), "\"a b\"");
  for (const char* secret :
       {"password=S", "app:S@db", "postgresql://db", "-----BEGIN PRIVATE KEY-----"})
    EXPECT_EQ(QuotedUnlessSecret(secret), "this") << secret;
}

TEST(QuotedUnlessSecret, DoesNotRepeatALongText) {
  EXPECT_EQ(QuotedUnlessSecret(std::string(1'024, 'x')).size(), 1'026u);
  EXPECT_EQ(QuotedUnlessSecret(std::string(1'025, 'x')), "this");
}

TEST(BareWord, IsPrintableAsciiWithoutSpaceQuoteEqualsOrBackslash) {
  EXPECT_TRUE(IsBareWord("primary_fallthrough"));
  EXPECT_TRUE(IsBareWord("10.0.0.1:5432"));
  for (const char* text : {"", "a b", "a\"", "a=b", "a\\", "a\nb", "\x7f", "grün"}) {
    EXPECT_FALSE(IsBareWord(text)) << text;
  }
}

}  // namespace
}  // namespace scidex::base
