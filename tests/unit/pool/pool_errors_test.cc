#include "pool/errors.h"

#include <gmock/gmock.h>

#include <type_traits>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PoolErrors : public PoolTest {
 protected:
  PoolErrors() { options_.max_size = 1; }

  // The error that a waiting client gets after `cause`.
  template <typename Error, typename Cause>
  Error ErrorAfter(Cause cause) {
    Client client(*pool_);
    EXPECT_TRUE(AwaitWaiters(*pool_, 1));
    cause(client);
    try {
      static_cast<void>(client.Get());
    } catch (const Error& error) {
      return error;
    }
    throw std::logic_error("no error");
  }
};

TEST_F(PoolErrors, AreAllAcquireErrors) {
  EXPECT_TRUE((std::is_base_of_v<AcquireError, AcquireTimeout>));
  EXPECT_TRUE((std::is_base_of_v<AcquireError, QueueFull>));
  EXPECT_TRUE((std::is_base_of_v<AcquireError, PoolClosed>));
  EXPECT_TRUE((std::is_base_of_v<AcquireError, AcquireCancelled>));
  EXPECT_TRUE((std::is_base_of_v<AcquireError, NestedAcquireDeadlock>));
  EXPECT_TRUE((std::is_base_of_v<AcquireError, ForkedPool>));
}

TEST_F(PoolErrors, TimeoutReportsItsWaitThePoolAndTheHolder) {
  Pool& pool = Open();
  const std::string line = std::to_string(__LINE__ + 1);
  const Lease lease = pool.Acquire();
  const auto error = ErrorAfter<AcquireTimeout>([this](Client&) { clock_.Advance(5s); });
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr("pool test: no connection within 5000 ms"),
                    HasSubstr("1 in use + 0 idle + 0 connecting of 1, 0 waiting"),
                    HasSubstr("pool_errors_test.cc:" + line), Not(HasSubstr("connect failed"))));
  EXPECT_EQ(error.stats().name, "test");
  EXPECT_EQ(error.stats().in_use, 1U);
  EXPECT_EQ(error.stats().waiters, 0U);
  EXPECT_EQ(error.stats().acquires[AcquireOutcome::kTimeout], 1U);
}

TEST_F(PoolErrors, TimeoutWhileConnectsFailReportsTheirError) {
  connector_->Fail(ConnectOutcome::kAuthFailed);
  Pool& pool = Open();
  const auto error = ErrorAfter<AcquireTimeout>([&](Client&) {
    EXPECT_TRUE(
        Eventually(kLong, [&] { return pool.Stats().connects[ConnectOutcome::kAuthFailed] == 1; }));
    clock_.Advance(5s);
  });
  EXPECT_THAT(error.what(),
              HasSubstr("the last connect failed: auth_failed: the fake says auth_failed"));
}

TEST_F(PoolErrors, AFullQueueNamesThePoolAndTheBound) {
  options_.max_waiters = 1;
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  Client client(pool);
  ASSERT_TRUE(AwaitWaiters(pool, 1));
  try {
    static_cast<void>(pool.Acquire());
    FAIL() << "not refused";
  } catch (const QueueFull& error) {
    EXPECT_THAT(error.what(), HasSubstr("pool test: the queue is full: max_waiters is 1"));
    EXPECT_EQ(error.stats().waiters, 1U);
    EXPECT_EQ(error.stats().acquires[AcquireOutcome::kQueueFull], 1U);
  }
}

TEST_F(PoolErrors, ErrorOfAClosedPoolReportsIfItClosedBeforeOrDuringTheWait) {
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  const auto error = ErrorAfter<PoolClosed>([&](Client&) { pool.Close(); });
  EXPECT_THAT(error.what(), HasSubstr("pool test: was closed while this acquire waited"));
  try {
    static_cast<void>(pool.Acquire());
    FAIL() << "not refused";
  } catch (const PoolClosed& later) {
    EXPECT_THAT(later.what(), HasSubstr("pool test: is closed"));
    EXPECT_EQ(later.stats().acquires[AcquireOutcome::kClosed], 2U);
  }
}

TEST_F(PoolErrors, CancelledAcquireReportsThat) {
  Pool& pool = Open();
  const Lease lease = pool.Acquire();
  const auto error = ErrorAfter<AcquireCancelled>([](Client& client) { client.Cancel(); });
  EXPECT_THAT(error.what(), HasSubstr("pool test: acquire cancelled"));
  EXPECT_EQ(error.stats().acquires[AcquireOutcome::kCancelled], 1U);
}

TEST_F(PoolErrors, OneHandlerCatchesThemAll) {
  Open().Close();
  EXPECT_THROW(static_cast<void>(pool_->Acquire()), AcquireError);
}

}  // namespace
}  // namespace scidex::pool
