#include "base/enum.h"

#include <gtest/gtest.h>

#include <vector>

namespace scidex::base {

enum class Fruit { kApple, kPear };
template <>
struct EnumNames<Fruit> {
  static constexpr std::array<std::string_view, 2> kNames{"apple", "pear"};
};

namespace {

TEST(Enum, EachValueHasItsNameAndIsFoundByIt) {
  static_assert(kEnumCount<Fruit> == 2);
  static_assert(Name(Fruit::kPear) == "pear");
  static_assert(ParseEnum<Fruit>("apple") == Fruit::kApple);
  static_assert(ParseEnum<Fruit>("pear") == Fruit::kPear);
}

TEST(Enum, OtherNamesAreNoValue) {
  static_assert(!ParseEnum<Fruit>("Pear"));
  static_assert(!ParseEnum<Fruit>("pea"));
  static_assert(!ParseEnum<Fruit>(""));
}

TEST(EnumArray, HoldsOneValueForEachKeyZeroAtFirst) {
  EnumArray<Fruit, int> counts;
  EXPECT_EQ(std::vector<int>(counts.begin(), counts.end()), (std::vector<int>{0, 0}));
  counts[Fruit::kPear] = 3;
  EXPECT_EQ(std::vector<int>(counts.begin(), counts.end()), (std::vector<int>{0, 3}));
}

}  // namespace
}  // namespace scidex::base
