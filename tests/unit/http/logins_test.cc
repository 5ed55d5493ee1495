// Who is let in.
#include "http/logins.h"

#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "support/eventually.h"

namespace scidex::http {
namespace {

using std::chrono::seconds;
using Users = std::map<std::string, base::Secret>;
using Verdict = Logins::Verdict;

base::Secret Hash(const std::string& password, const std::string& cost = "04") {
  auto data = std::make_unique<crypt_data>();
  const std::string setting = "$2b$" + cost + "$abcdefghijklmnopqrstuu";
  return base::Secret(crypt_r(password.c_str(), setting.c_str(), data.get()));
}

// "alice:right", "alice:wrong", "mallory:right"
constexpr char kRight[] = "Basic YWxpY2U6cmlnaHQ=";
constexpr char kWrong[] = "Basic YWxpY2U6d3Jvbmc=";
constexpr char kUnknown[] = "Basic bWFsbG9yeTpyaWdodA==";

TEST(Logins, UserWithTheRightPasswordIsWelcomeAndNobodyElse) {
  Logins logins(1);
  const Users users{{"alice", Hash("right")}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(logins.Judge(kRight, users), Verdict::kWelcome);
    EXPECT_EQ(logins.Judge(kWrong, users), Verdict::kRefused);
    EXPECT_EQ(logins.Judge(kUnknown, users), Verdict::kRefused);
  }
}

TEST(Logins, WhatIsNoLoginIsRefused) {
  Logins logins(1);
  const Users users{{"", Hash("")}, {"alice", Hash("right")}};
  for (const char* authorization :
       {"", "Basic", "Basic ", "Basic =", "Basic ====", "Basic YWxpY2U6cmlnaHQ", "Basic %%%%",
        "Bearer YWxpY2U6cmlnaHQ=", "BasicYWxpY2U6cmlnaHQ=", "Basic YWxpY2U="}) {
    EXPECT_EQ(logins.Judge(authorization, users), Verdict::kRefused) << authorization;
  }
  // A user and a password of nothing are a login.
  EXPECT_EQ(logins.Judge("Basic Og==", users), Verdict::kWelcome);
}

TEST(Logins, PasswordWithMoreAfterANulIsAnother) {
  Logins logins(1);
  // "alice:right\0more"
  EXPECT_EQ(logins.Judge("Basic YWxpY2U6cmlnaHQAbW9yZQ==", {{"alice", Hash("right")}}),
            Verdict::kRefused);
}

TEST(Logins, LoginThatWasRightIsForgottenWhenItsHashChanges) {
  Logins logins(1);
  ASSERT_EQ(logins.Judge(kRight, {{"alice", Hash("right")}}), Verdict::kWelcome);
  EXPECT_EQ(logins.Judge(kRight, {{"alice", Hash("other")}}), Verdict::kRefused);
  EXPECT_EQ(logins.Judge(kRight, {{"bob", Hash("right")}}), Verdict::kRefused);
}

TEST(Logins, LoginThatWasRightOnceIsNotComputedAgainAndTheOthersAreBounded) {
  Logins logins(1);
  const Users users{{"alice", Hash("right")}};
  ASSERT_EQ(logins.Judge(kRight, users), Verdict::kWelcome);
  // Takes about a second, in which the one place is taken.
  const Users costly{
      {"alice", base::Secret("$2b$14$abcdefghijklmnopqrstuu" + std::string(31, 'a'))}};
  auto slow = std::async(std::launch::async, [&] {
    Verdict verdict = Verdict::kTooMany;
    while (verdict == Verdict::kTooMany) verdict = logins.Judge(kWrong, costly);
    return verdict;
  });
  ASSERT_TRUE(test::Eventually(seconds(10),
                               [&] { return logins.Judge(kWrong, users) == Verdict::kTooMany; }));
  EXPECT_EQ(logins.Judge(kRight, users), Verdict::kWelcome);
  EXPECT_EQ(slow.get(), Verdict::kRefused);
  EXPECT_EQ(logins.Judge(kWrong, users), Verdict::kRefused);
}

// The least of several, as a busy machine only ever adds.
base::Duration TimeOf(Logins& logins, const char* authorization, const Users& users) {
  base::Duration least = seconds(10);
  for (int i = 0; i < 5; ++i) {
    const base::TimePoint start = base::RealClock().Now();
    EXPECT_EQ(logins.Judge(authorization, users), Verdict::kRefused);
    least = std::min(least, base::RealClock().Now() - start);
  }
  return least;
}

TEST(Logins, UnknownUserTakesAsLongAsAWrongPassword) {
  Logins logins(1);
  const Users users{{"alice", Hash("right", "09")}};
  const base::Duration wrong = TimeOf(logins, kWrong, users);
  const base::Duration unknown = TimeOf(logins, kUnknown, users);
  EXPECT_LT(unknown, 2 * wrong);
  EXPECT_LT(wrong, 2 * unknown);
}

TEST(Logins, OnlyBcryptHashesAreTaken) {
  const std::string salted = "abcdefghijklmnopqrstuuabcdefghijklmnopqrstuuabcdefghi";
  for (const char* prefix : {"$2a$04$", "$2b$10$", "$2y$16$", "$2x$12$"}) {
    EXPECT_TRUE(IsBcryptHash(prefix + salted)) << prefix;
  }
  for (const char* prefix : {"$2b$03$", "$2b$17$", "$2b$31$", "$2b$4$0", "$2$10$a", "$1$10$ab",
                             "$2b$1x$", "$2c$10$", "2b$10$ab"}) {
    EXPECT_FALSE(IsBcryptHash(prefix + salted)) << prefix;
  }
  EXPECT_FALSE(IsBcryptHash("$2b$10$" + salted + "a"));
  EXPECT_FALSE(IsBcryptHash("$2b$10$" + salted.substr(1)));
  EXPECT_FALSE(IsBcryptHash("$2b$10$" + salted.substr(1) + ":"));
  EXPECT_FALSE(IsBcryptHash(""));
}

}  // namespace
}  // namespace scidex::http
