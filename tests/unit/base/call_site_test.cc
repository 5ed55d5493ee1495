#include "base/call_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

namespace scidex::base {

struct Borrower {
  CallSite Plain(int) const { return CallSite::current(); }
  static std::pair<std::function<void(int)>, CallSite> ReturnsATemplate() {
    return {nullptr, CallSite::current()};
  }
};

namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

CallSite InUnnamedNamespace(const std::map<int, std::string>&) { return CallSite::current(); }

TEST(CallSite, IsFileLineAndFunctionWithoutItsSignature) {
  EXPECT_THAT(ToString(Borrower().Plain(1)),
              MatchesRegex(".*call_site_test\\.cc:[0-9]+ \\(scidex::base::Borrower::Plain\\)"));
}

TEST(CallSite, ReturnTypeWithParenthesesIsNotTakenForTheName) {
  EXPECT_THAT(ToString(Borrower::ReturnsATemplate().second),
              EndsWith("(scidex::base::Borrower::ReturnsATemplate)"));
}

TEST(CallSite, FunctionOfAnUnnamedNamespaceKeepsItsName) {
  EXPECT_THAT(ToString(InUnnamedNamespace({})), EndsWith("::InUnnamedNamespace)"));
}

TEST(CallSite, LambdaIsNamedAfterTheFunctionAroundIt) {
  const auto lambda = [] { return CallSite::current(); };
  EXPECT_THAT(ToString(lambda()), HasSubstr("LambdaIsNamedAfterTheFunctionAroundIt"));
}

TEST(CallSite, UnknownPlaceHasNoFunction) { EXPECT_EQ(ToString(CallSite()), ":0"); }

}  // namespace
}  // namespace scidex::base
