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
  // Slots that are held until ReleaseSlot().
  asio::awaitable<void> AcquireSlot(int who) {
    std::optional<SlotGuard> slot = co_await slots_->Acquire();
    if (slot) {
      in_.push_back(who);
      held_.emplace(who, std::move(*slot));
    } else {
      refused_.push_back(who);
    }
  }
  void ReleaseSlot(int who) {
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
  for (int i = 0; i < 5; ++i) loop_.Spawn(AcquireSlot(i));
  loop_.Poll();
  EXPECT_THAT(in_, ElementsAre(0, 1));
  ReleaseSlot(1);
  EXPECT_THAT(in_, ElementsAre(0, 1, 2));
  ReleaseSlot(0);
  ReleaseSlot(2);
  EXPECT_THAT(in_, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_FALSE(slots_->TryAcquire().has_value());
  ReleaseSlot(3);
  ReleaseSlot(4);
  EXPECT_TRUE(slots_->TryAcquire().has_value());
}

TEST_F(HttpRequestSlots, RequestThatWaitsTooLongIsRefusedAndLosesNoSlot) {
  slots_.emplace(1, RequestSlots::Patience{10, milliseconds(5)});
  loop_.Spawn(AcquireSlot(0));
  loop_.Spawn(AcquireSlot(1));
  EXPECT_TRUE(loop_.RunUntil([&] { return !refused_.empty(); }));
  EXPECT_THAT(refused_, ElementsAre(1));
  ReleaseSlot(0);
  EXPECT_TRUE(slots_->TryAcquire().has_value());
}

TEST_F(HttpRequestSlots, RequestBeyondTheWaitLimitIsRefusedImmediately) {
  slots_.emplace(1, RequestSlots::Patience{1, hours(1)});
  for (int i = 0; i < 3; ++i) loop_.Spawn(AcquireSlot(i));
  loop_.Poll();
  EXPECT_THAT(refused_, ElementsAre(2));
  ReleaseSlot(0);
  EXPECT_THAT(in_, ElementsAre(0, 1));
}

TEST_F(HttpRequestSlots, StopRefusesThoseThatWaitAndThoseThatCome) {
  slots_.emplace(1, RequestSlots::Patience{10, hours(1)});
  loop_.Spawn(AcquireSlot(0));
  loop_.Spawn(AcquireSlot(1));
  loop_.Poll();
  slots_->Stop();
  loop_.Spawn(AcquireSlot(2));
  loop_.Poll();
  EXPECT_THAT(refused_, UnorderedElementsAre(1, 2));
}

}  // namespace
}  // namespace scidex::http
