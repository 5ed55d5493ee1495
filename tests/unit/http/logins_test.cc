// Which logins are accepted.
#include "http/logins.h"

#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace scidex::http {
namespace {

using ::testing::ElementsAre;
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

TEST(Logins, OnlyTheUserWithTheRightPasswordIsAccepted) {
  Logins logins(1);
  const Users users{{"alice", Hash("right")}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(logins.Judge(kRight, users), Verdict::kAccepted);
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
  // An empty user name and an empty password are a login.
  EXPECT_EQ(logins.Judge("Basic Og==", users), Verdict::kAccepted);
}

TEST(Logins, PasswordWithMoreAfterANulIsAnother) {
  Logins logins(1);
  // "alice:right\0more"
  EXPECT_EQ(logins.Judge("Basic YWxpY2U6cmlnaHQAbW9yZQ==", {{"alice", Hash("right")}}),
            Verdict::kRefused);
}

TEST(Logins, LoginThatWasRightIsForgottenWhenItsHashChanges) {
  Logins logins(1);
  ASSERT_EQ(logins.Judge(kRight, {{"alice", Hash("right")}}), Verdict::kAccepted);
  EXPECT_EQ(logins.Judge(kRight, {{"alice", Hash("other")}}), Verdict::kRefused);
  EXPECT_EQ(logins.Judge(kRight, {{"bob", Hash("right")}}), Verdict::kRefused);
}

TEST(Logins, VerifiedLoginIsRememberedAndOtherComputationsAreBounded) {
  std::promise<void> computing;
  std::promise<void> go_on;
  std::atomic<int> computed{0};
  Logins logins(1, [&](const std::string& password, const std::string& hash) {
    // Only the second one is slow.
    if (++computed == 2) {
      computing.set_value();
      go_on.get_future().wait();
    }
    return Bcrypt(password, hash);
  });
  const Users users{{"alice", Hash("right")}};
  ASSERT_EQ(logins.Judge(kRight, users), Verdict::kAccepted);
  auto slow = std::async(std::launch::async, [&] { return logins.Judge(kWrong, users); });
  computing.get_future().wait();
  EXPECT_EQ(logins.Judge(kWrong, users), Verdict::kTooMany);
  EXPECT_EQ(logins.Judge(kUnknown, users), Verdict::kTooMany);
  EXPECT_EQ(logins.Judge(kRight, users), Verdict::kAccepted);
  EXPECT_EQ(computed, 2);
  go_on.set_value();
  EXPECT_EQ(slow.get(), Verdict::kRefused);
  EXPECT_EQ(logins.Judge(kWrong, users), Verdict::kRefused);
  EXPECT_EQ(computed, 3);
}

TEST(Logins, UnknownUserCostsWhatTheCostliestWrongPasswordDoes) {
  std::vector<std::string> settings;
  Logins logins(1, [&](const std::string& password, const std::string& hash) {
    // Prefix and cost.
    settings.push_back(hash.substr(0, 7));
    return Bcrypt(password, hash);
  });
  const Users users{{"alice", Hash("right", "06")}, {"bob", Hash("right", "05")}};
  EXPECT_EQ(logins.Judge(kWrong, users), Verdict::kRefused);
  EXPECT_EQ(logins.Judge(kUnknown, users), Verdict::kRefused);
  // Each time, because refused logins are not cached.
  EXPECT_EQ(logins.Judge(kUnknown, users), Verdict::kRefused);
  EXPECT_THAT(settings, ElementsAre("$2b$06$", "$2b$06$", "$2b$06$"));
}

// The password of an unknown user is compared with a valid hash, so crypt() does not fail early.
TEST(Logins, HashOfAnUnknownUserIsOneThatIsComputed) {
  std::string computed;
  Logins logins(1, [&](const std::string& password, const std::string& hash) {
    EXPECT_TRUE(IsBcryptHash(hash));
    return computed = Bcrypt(password, hash);
  });
  EXPECT_EQ(logins.Judge(kUnknown, {{"alice", Hash("right")}}), Verdict::kRefused);
  EXPECT_TRUE(IsBcryptHash(computed)) << computed;
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

TEST(Logins, ComputationThatFailsDoesNotCountAsUnderWayForever) {
  bool fails = true;
  Logins logins(1, [&](const std::string& password, const std::string& hash) {
    if (std::exchange(fails, false)) throw std::bad_alloc();
    return Bcrypt(password, hash);
  });
  const Users users{{"alice", Hash("right")}};
  EXPECT_THROW(logins.Judge(kRight, users), std::bad_alloc);
  EXPECT_EQ(logins.Judge(kRight, users), Verdict::kAccepted);
}

}  // namespace
}  // namespace scidex::http
