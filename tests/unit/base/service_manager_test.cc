#include "base/service_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "support/service_manager.h"

namespace scidex::base {
namespace {

using testing::ElementsAre;

TEST(ServiceManager, IsToldByADatagramEach) {
  test::ServiceManagerSocket socket;
  const ServiceManager manager(socket.address());
  EXPECT_TRUE(manager.present());
  EXPECT_TRUE(manager.Notify("READY=1"));
  EXPECT_TRUE(manager.Notify("STATUS=one\nWATCHDOG=1"));
  EXPECT_THAT(socket.TakeMessages(), ElementsAre("READY=1", "STATUS=one\nWATCHDOG=1"));
}

TEST(ServiceManager, MayHaveAnAbstractName) {
  const std::string name = "scidex-test-" + std::to_string(getpid());
  const UniqueFd receiver(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  ASSERT_EQ(bind(receiver.get(), reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  EXPECT_TRUE(ServiceManager("@" + name).Notify("READY=1"));
  char text[16]{};
  EXPECT_EQ(recv(receiver.get(), text, sizeof text, 0), 7);
}

TEST(ServiceManager, IsNotThereWithoutASocket) {
  EXPECT_FALSE(ServiceManager().Notify("READY=1"));
  EXPECT_FALSE(ServiceManager("").present());
}

TEST(ServiceManager, ThatIsGoneEndsNothing) {
  EXPECT_FALSE(ServiceManager("/nonexistent/notify").Notify("READY=1"));
}

TEST(ServiceManager, HasNoOtherKindOfAddress) {
  for (const std::string& address :
       {std::string("notify"), std::string("vsock:2:1"), std::string("@"), std::string("/"),
        "/" + std::string(200, 'a')}) {
    EXPECT_THROW(ServiceManager{address}, std::runtime_error) << address;
  }
}

TEST(ServiceManager, ThatDoesNotReadDelaysOnlyBriefly) {
  test::ServiceManagerSocket socket;
  const ServiceManager manager(socket.address());
  // Linux queues only a few datagrams for a socket that is not read.
  int taken = 0;
  while (manager.Notify("STATUS=again")) ASSERT_LT(++taken, 100'000);
  EXPECT_EQ(socket.TakeMessages().size(), static_cast<std::size_t>(taken));
  EXPECT_TRUE(manager.Notify("STATUS=again"));
}

TEST(WatchdogInterval, IsThatOfThisProcessAlone) {
  using std::chrono::seconds;
  EXPECT_EQ(WatchdogInterval("30000000", "", 7), seconds(30));
  EXPECT_EQ(WatchdogInterval("30000000", "7", 7), seconds(30));
  EXPECT_EQ(WatchdogInterval("30000000", "8", 7), std::nullopt);
  EXPECT_EQ(WatchdogInterval("", "", 7), std::nullopt);
  EXPECT_THROW(WatchdogInterval("0", "", 7), std::runtime_error);
  EXPECT_THROW(WatchdogInterval("often", "", 7), std::runtime_error);
  EXPECT_EQ(WatchdogInterval("9223372036854775807", "", 7), std::chrono::hours(24 * 365));
}

TEST(StatusAssignment, IsOneLine) {
  EXPECT_EQ(StatusAssignment("ready\nREADY=0\n"), "STATUS=ready READY=0");
}

}  // namespace
}  // namespace scidex::base
