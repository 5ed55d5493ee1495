#include <sys/wait.h>
#include <unistd.h>

#include "unit/pool/pool_test_base.h"

// A child of fork() may allocate memory only with an allocator that supports it. Those of the
// sanitizers do not: another thread may have held their locks.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace scidex::pool {
namespace {

class PoolFork : public PoolTest {
 protected:
  // Runs `holds` in a child, which has only the calling thread. Returns whether it returned true
  // within kPatience.
  template <typename Check>
  bool HoldsInChild(Check holds) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(std::chrono::ceil<std::chrono::seconds>(test::kPatience).count());
      _exit(holds() ? 0 : 1);
    }
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
  }
};

TEST_F(PoolFork, AcquireInAChildThrowsItsOwnErrorType) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  EXPECT_TRUE(HoldsInChild([&] {
    try {
      static_cast<void>(pool.Acquire());
    } catch (const ForkedPool& error) {
      const std::string what = error.what();
      return what.find("pool test") != std::string::npos &&
             what.find("fork()") != std::string::npos && error.stats().name == "test";
    }
    return false;
  }));
}

TEST_F(PoolFork, TryAcquireInAChildThrowsToo) {
  Pool& pool = Open();
  static_cast<void>(pool.Acquire());
  EXPECT_TRUE(HoldsInChild([&] {
    try {
      static_cast<void>(pool.TryAcquire());
    } catch (const ForkedPool&) {
      return true;
    }
    return false;
  }));
}

TEST_F(PoolFork, ALeaseThatAChildInheritsIsNeitherRecycledNorClosedThere) {
  Pool& pool = Open();
  std::vector<Lease> leases = AcquireMany(2);
  const auto sessions = connector_->sessions();
  EXPECT_TRUE(HoldsInChild([&] {
    leases[0].Release();
    leases[1].Evict();
    return sessions[0]->recycles() == 0 && sessions[0]->open() && sessions[1]->open();
  }));
  leases.clear();
  EXPECT_EQ(pool.Stats().idle, 2U);
}

TEST_F(PoolFork, AChildThatClosesOrDrainsOrDestroysThePoolTouchesNoConnection) {
  options_.min_idle = 2;
  Pool& pool = Open();
  ASSERT_TRUE(AwaitIdle(pool, 2));
  EXPECT_TRUE(HoldsInChild([&] {
    pool.Drain();
    pool.Resize(2);
    pool.OnServerAnswered();
    pool.Close();
    const bool unknown = pool.Stats().name == "test" && pool.Stats().size == 0;
    pool_.reset();
    return unknown && connector_->open() == 2;
  }));
  EXPECT_EQ(pool.Stats().idle, 2U);
  EXPECT_TRUE(pool.Acquire());
}

TEST_F(PoolFork, AChildMayHaveAPoolOfItsOwn) {
  Open();
  EXPECT_TRUE(HoldsInChild([this] {
    base::Scheduler own(base::RealClock());
    Pool pool("own", options_, {std::make_shared<FakeConnector>(), own});
    return static_cast<bool>(pool.Acquire());
  }));
}

}  // namespace
}  // namespace scidex::pool

#endif
