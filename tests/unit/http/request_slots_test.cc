#include "http/request_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <vector>

#include "unit/http/loop.h"

namespace scidex::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class HttpRequestSlots : public testing::Test {
 protected:
  // Slots that are held until Leave().
  asio::awaitable<void> Enter(RequestSlots& slots, int who) {
    std::optional<SlotGuard> slot = co_await slots.Acquire();
    if (slot) {
      in_.push_back(who);
      held_.emplace(who, std::move(*slot));
    } else {
      refused_.push_back(who);
    }
  }
  void Leave(int who) {
    held_.erase(who);
    loop_.Poll();
  }

  Loop loop_;
  std::vector<int> in_;
  std::vector<int> refused_;
  std::map<int, SlotGuard> held_;
};

TEST_F(HttpRequestSlots, AreTakenInTheOrderInWhichRequestsCame) {
  RequestSlots slots(2, {10, hours(1)});
  for (int i = 0; i < 5; ++i) loop_.Spawn(Enter(slots, i));
  loop_.Poll();
  EXPECT_THAT(in_, ElementsAre(0, 1));
  Leave(1);
  EXPECT_THAT(in_, ElementsAre(0, 1, 2));
  Leave(0);
  Leave(2);
  EXPECT_THAT(in_, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_FALSE(slots.TryAcquire().has_value());
  Leave(3);
  Leave(4);
  EXPECT_TRUE(slots.TryAcquire().has_value());
}

TEST_F(HttpRequestSlots, OneThatWaitsTooLongIsRefusedAndLosesNoSlot) {
  RequestSlots slots(1, {10, milliseconds(5)});
  loop_.Spawn(Enter(slots, 0));
  loop_.Spawn(Enter(slots, 1));
  EXPECT_TRUE(loop_.RunUntil([&] { return !refused_.empty(); }));
  EXPECT_THAT(refused_, ElementsAre(1));
  Leave(0);
  EXPECT_TRUE(slots.TryAcquire().has_value());
}

TEST_F(HttpRequestSlots, OneMoreThanMayWaitIsRefusedAtOnce) {
  RequestSlots slots(1, {1, hours(1)});
  for (int i = 0; i < 3; ++i) loop_.Spawn(Enter(slots, i));
  loop_.Poll();
  EXPECT_THAT(refused_, ElementsAre(2));
  Leave(0);
  EXPECT_THAT(in_, ElementsAre(0, 1));
}

TEST_F(HttpRequestSlots, StopRefusesThoseThatWaitAndThoseThatCome) {
  RequestSlots slots(1, {10, hours(1)});
  loop_.Spawn(Enter(slots, 0));
  loop_.Spawn(Enter(slots, 1));
  loop_.Poll();
  slots.Stop();
  loop_.Spawn(Enter(slots, 2));
  loop_.Poll();
  EXPECT_THAT(refused_, UnorderedElementsAre(1, 2));
}

}  // namespace
}  // namespace scidex::http
