#include "postgres/server_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/utf8.h"

namespace scidex::postgres {
namespace {

using routing::ServerAddress;

ServerAddress Expected(const std::string& dsn) {
  return ExpectedAddress(Dsn::Parse(base::Secret(dsn)));
}

TEST(ServerAddress, OfADsnIsItsHostPortAndDatabase) {
  EXPECT_EQ(Expected("postgresql://app:secret@db1:5433/shop"),
            (ServerAddress{"db1", "5433", "shop"}));
}

TEST(ServerAddress, OfADsnWithSeveralServersListsThemAll) {
  EXPECT_EQ(Expected("host=db1,db2 port=5432,5433 dbname=shop"),
            (ServerAddress{"db1,db2", "5432,5433", "shop"}));
  EXPECT_EQ(Expected("host=db1,db2 port=5432 dbname=shop"),
            (ServerAddress{"db1,db2", "5432", "shop"}));
}

TEST(ServerAddress, OfAnAddressWithoutANameIsThatAddress) {
  EXPECT_EQ(Expected("hostaddr=10.0.0.2 port=5432 dbname=shop").host, "10.0.0.2");
}

TEST(ServerAddress, ADatabaseThatIsNotNamedIsCalledLikeItsUser) {
  EXPECT_EQ(Expected("host=db1 user=app").dbname, "app");
}

TEST(ServerAddress, IsBoundedAndWholeUtf8) {
  std::string name;
  while (name.size() < 2 * ServerAddress::kMaxBytes) name += "\u00e9\u20ac";
  const std::string shown = Expected("host=db1 dbname='" + name + "\xff'").dbname;
  EXPECT_GT(shown.size(), ServerAddress::kMaxBytes - 3);
  EXPECT_LE(shown.size(), ServerAddress::kMaxBytes);
  EXPECT_EQ(shown, base::ToUtf8(shown));
  EXPECT_TRUE(name.starts_with(shown));
  EXPECT_EQ(Expected("host=db1 dbname=\xffshop").dbname, std::string(base::kReplacement) + "shop");
}

TEST(ServerAddress, OfNoConnectionIsEmpty) { EXPECT_EQ(AddressOf(nullptr), ServerAddress{}); }

}  // namespace
}  // namespace scidex::postgres
