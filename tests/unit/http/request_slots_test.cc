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
  asio::awaitable<void> Enter(int who) {
    std::optional<SlotGuard> slot = co_await slots_->Acquire();
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

  std::optional<RequestSlots> slots_;
  Loop loop_;
  std::vector<int> in_;
  std::vector<int> refused_;
  std::map<int, SlotGuard> held_;
};

TEST_F(HttpRequestSlots, AreTakenInTheOrderInWhichRequestsCame) {
  slots_.emplace(2, RequestSlots::Patience{10, hours(1)});
  for (int i = 0; i < 5; ++i) loop_.Spawn(Enter(i));
  loop_.Poll();
  EXPECT_THAT(in_, ElementsAre(0, 1));
  Leave(1);
  EXPECT_THAT(in_, ElementsAre(0, 1, 2));
  Leave(0);
  Leave(2);
  EXPECT_THAT(in_, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_FALSE(slots_->TryAcquire().has_value());
  Leave(3);
  Leave(4);
  EXPECT_TRUE(slots_->TryAcquire().has_value());
}

TEST_F(HttpRequestSlots, RequestThatWaitsTooLongIsRefusedAndLosesNoSlot) {
  slots_.emplace(1, RequestSlots::Patience{10, milliseconds(5)});
  loop_.Spawn(Enter(0));
  loop_.Spawn(Enter(1));
  EXPECT_TRUE(loop_.RunUntil([&] { return !refused_.empty(); }));
  EXPECT_THAT(refused_, ElementsAre(1));
  Leave(0);
  EXPECT_TRUE(slots_->TryAcquire().has_value());
}

TEST_F(HttpRequestSlots, RequestBeyondTheWaitLimitIsRefusedImmediately) {
  slots_.emplace(1, RequestSlots::Patience{1, hours(1)});
  for (int i = 0; i < 3; ++i) loop_.Spawn(Enter(i));
  loop_.Poll();
  EXPECT_THAT(refused_, ElementsAre(2));
  Leave(0);
  EXPECT_THAT(in_, ElementsAre(0, 1));
}

TEST_F(HttpRequestSlots, StopRefusesThoseThatWaitAndThoseThatCome) {
  slots_.emplace(1, RequestSlots::Patience{10, hours(1)});
  loop_.Spawn(Enter(0));
  loop_.Spawn(Enter(1));
  loop_.Poll();
  slots_->Stop();
  loop_.Spawn(Enter(2));
  loop_.Poll();
  EXPECT_THAT(refused_, UnorderedElementsAre(1, 2));
}

}  // namespace
}  // namespace scidex::http
