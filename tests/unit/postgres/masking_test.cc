#include "postgres/masking.h"

#include <gtest/gtest.h>

namespace scidex::postgres {
namespace {

void Remember(const std::string& secret) { RememberSecret(base::Secret(secret)); }

TEST(Masked, HidesEachSecretWhereverItStands) {
  Remember("swordfish");
  Remember("tuna salad");
  EXPECT_EQ(Masked("role \"swordfish\": swordfish, tuna salad"), "role \"***\": ***, ***");
  EXPECT_EQ(Masked("nothing to hide"), "nothing to hide");
}

TEST(Masked, HidesAllOfASecretThatAnotherOneIsAPartOf) {
  Remember("hunter22");
  Remember("hunter22-Replica");
  Remember("22-Replica-two");
  EXPECT_EQ(Masked("hunter22, hunter22-Replica, hunter22-Replica-two"), "***, ***, ***");
}

TEST(Masked, IsOfBoundedLength) {
  const std::string secret(5'000, 's');
  Remember(secret);
  EXPECT_EQ(Masked(std::string(4'000, 'x') + secret + "end").find('s'), std::string::npos);
  EXPECT_EQ(Masked(std::string(1'000'000, 'x')).size(), 4096u);
}

TEST(Masked, HidesASecretThatBeginsWhereALongTextIsCut) {
  const std::string secret(6'000, 's');
  Remember(secret);
  EXPECT_EQ(Masked(secret + std::string(4'050, 'x') + secret).find('s'), std::string::npos);
}

TEST(Masked, IsOneLine) {
  Remember("two\nlines");
  EXPECT_EQ(Masked("password two\nlines of\nthe server"), "password *** of");
  EXPECT_EQ(Masked(""), "");
}

TEST(Masked, HidesASecretThatWasCutToTheLengthOfAName) {
  const std::string secret(100, 'x');
  Remember(secret);
  EXPECT_EQ(Masked("database \"" + secret.substr(0, 63) + "\" does not exist"),
            "database \"***\" does not exist");
  std::string accented = "ab";
  for (int i = 0; i < 40; ++i) accented += "\u00fc";
  Remember(accented);
  EXPECT_EQ(Masked("column \"" + accented.substr(0, 62) + "\" does not exist"),
            "column \"***\" does not exist");
}

TEST(Masked, OfASecretThatCouldBeAnywhereNothingIsLeft) {
  Remember("z9");
  EXPECT_EQ(Masked("the password z9 is wrong"), "(not shown: contains a secret)");
  EXPECT_EQ(Masked("z9z is wrong"), "z9z is wrong");
}

TEST(Masked, SecretThatIsUsedAgainStaysRemembered) {
  Remember("swordfish");
  for (std::size_t i = 0; i < 2 * kRememberedSecrets; ++i) {
    Remember("passing by " + std::to_string(i));
    if (i % 100 == 0) Remember("swordfish");
  }
  EXPECT_EQ(Masked("swordfish"), "***");
}

}  // namespace
}  // namespace scidex::postgres
