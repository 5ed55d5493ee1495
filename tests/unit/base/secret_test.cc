#include "base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/log.h"

namespace scidex::base {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <typename T>
concept Appendable = requires(std::string& text, const T& value) { text += value; };

TEST(Secret, NothingTurnsItIntoTextButReveal) {
  static_assert(Streamable<std::string> && !Streamable<Secret>);
  static_assert(Appendable<std::string> && !Appendable<Secret>);
  static_assert(!std::convertible_to<Secret, std::string>);
  static_assert(!std::convertible_to<Secret, std::string_view>);
  static_assert(!std::convertible_to<Secret, const char*>);
  static_assert(!std::constructible_from<std::string, Secret>);
  static_assert(!std::constructible_from<std::string_view, Secret>);
  EXPECT_EQ(Secret("hunter2").Reveal(), "hunter2");
}

TEST(Secret, IsNoFieldOfALogLine) {
  static_assert(std::constructible_from<LogValue, std::string>);
  static_assert(!std::constructible_from<LogValue, Secret>);
}

TEST(Secret, NoTextBecomesOneByAccident) {
  static_assert(!std::convertible_to<std::string, Secret>);
  static_assert(!std::convertible_to<const char*, Secret>);
  static_assert(!std::three_way_comparable<Secret>);
}

TEST(Secret, EqualWhenTheTextIs) {
  EXPECT_TRUE(Secret("a") == Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("b"));
  EXPECT_TRUE(Secret().empty());
  EXPECT_FALSE(Secret("a").empty());
}

}  // namespace
}  // namespace scidex::base
