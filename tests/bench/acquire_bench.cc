// The cost of an acquire and a release on connections that do nothing: the pool, its peers, and the
// minimum cost of any pool.

#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <thread>
#include <vector>

#include "bench/bare_pool.h"
#include "bench/floor.h"
#include "bench/peers.h"

namespace scidex::bench {
namespace {

void BM_Poll0(benchmark::State& state) {
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) != 0)
    return state.SkipWithError("socketpair");
  pollfd one{sockets[0], POLLIN, 0};
  for (auto _ : state) benchmark::DoNotOptimize(poll(&one, 1, 0));
  for (const int socket : sockets) close(socket);
}
BENCHMARK(BM_Poll0);

// Shared by the threads of a benchmark: the first one creates it before the loop and destroys it
// afterwards; all threads are synchronized at both ends of the loop.
std::unique_ptr<BarePool> bare;

void BM_Pool(benchmark::State& state) {
  if (state.thread_index() == 0) {
    bare = std::make_unique<BarePool>(static_cast<std::size_t>(state.range(0)),
                                      HandoffOf(state.range(1)));
  }
  for (auto _ : state) {
    const pool::Lease lease = (*bare)->Acquire();
    benchmark::DoNotOptimize(&lease.connection());
  }
  if (state.thread_index() == 0) bare.reset();
}
BENCHMARK(BM_Pool)->ArgNames({"size", "handoff_ms"})->Args({8, kAuto})->UseRealTime();
BENCHMARK(BM_Pool)
    ->ArgNames({"size", "handoff_ms"})
    ->ArgsProduct({{1, 4, 8}, {kAuto}})
    ->Threads(2)
    ->Threads(8)
    ->Threads(64)
    ->UseRealTime();
BENCHMARK(BM_Pool)
    ->ArgNames({"size", "handoff_ms"})
    ->ArgsProduct({{8}, {0, 1, 5, 20}})
    ->Threads(64)
    ->UseRealTime();

// A fixed number of times, for instructions.py.
void BM_Counted(benchmark::State& state) {
  BarePool pool(8, std::chrono::milliseconds(5));
  for (auto _ : state) {
    const pool::Lease lease = pool->Acquire();
    benchmark::DoNotOptimize(&lease.connection());
  }
}
BENCHMARK(BM_Counted)->Iterations(1'000);
BENCHMARK(BM_Counted)->Iterations(11'000);

template <typename Peer>
std::unique_ptr<Peer> peer;

template <typename Peer>
void BM_Peer(benchmark::State& state) {
  if (state.thread_index() == 0) peer<Peer> = std::make_unique<Peer>(8);
  for (auto _ : state) {
    const std::size_t slot = peer<Peer>->Acquire();
    benchmark::DoNotOptimize(slot);
    peer<Peer>->Release(slot);
  }
  if (state.thread_index() == 0) peer<Peer>.reset();
}
BENCHMARK_TEMPLATE(BM_Peer, NaivePool)
    ->Threads(1)
    ->Threads(2)
    ->Threads(8)
    ->Threads(64)
    ->UseRealTime();
BENCHMARK_TEMPLATE(BM_Peer, SociPool)
    ->Threads(1)
    ->Threads(2)
    ->Threads(8)
    ->Threads(64)
    ->UseRealTime();

// A pool without idle connections and with waiters, each on its own thread.
class BlockedAcquires {
 public:
  explicit BlockedAcquires(std::size_t waiters) {
    for (int i = 0; i < 8; ++i) leases_.push_back(pool_->Acquire());
    for (std::size_t i = 0; i < waiters; ++i) {
      threads_.emplace_back([this] { static_cast<void>(pool_->Acquire()); });
    }
    while (pool_->Stats().waiters < waiters) std::this_thread::yield();
  }
  ~BlockedAcquires() {
    leases_.clear();
    for (std::thread& thread : threads_) thread.join();
  }
  // Returns when every waiter has been served.
  void ServeAll() {
    leases_.clear();
    while (pool_->Stats().waiters > 0) std::this_thread::yield();
  }
  pool::Pool& pool() { return *pool_; }

 private:
  BarePool pool_{8, std::chrono::milliseconds(5)};
  std::vector<pool::Lease> leases_;
  std::vector<std::thread> threads_;
};

// The heap memory of a pool without connections.
void BM_Memory(benchmark::State& state) {
  base::Scheduler scheduler(base::RealClock());
  const auto connector = std::make_shared<InstantConnector>();
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;
    const pool::Pool pool("bench", UnboundedQueueOptions(8, std::chrono::milliseconds(5)),
                          {connector, scheduler});
    state.counters["bytes"] = static_cast<double>(mallinfo2().uordblks - before);
  }
}
BENCHMARK(BM_Memory)->Iterations(1);

void BM_Snapshot(benchmark::State& state) {
  BlockedAcquires blocked(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(blocked.pool().Stats());
}
BENCHMARK(BM_Snapshot)->ArgName("waiters")->Arg(0)->Arg(10)->Arg(10'000);

// The time per waiter to serve a whole queue.
void BM_Waiter(benchmark::State& state) {
  const auto waiters = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    BlockedAcquires blocked(waiters);
    const auto start = std::chrono::steady_clock::now();
    blocked.ServeAll();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(took.count() / static_cast<double>(waiters));
  }
}
BENCHMARK(BM_Waiter)->ArgName("waiters")->Arg(10)->Iterations(200)->UseManualTime();
BENCHMARK(BM_Waiter)->ArgName("waiters")->Arg(1000)->Iterations(20)->UseManualTime();
BENCHMARK(BM_Waiter)->ArgName("waiters")->Arg(10'000)->Iterations(3)->UseManualTime();

}  // namespace
}  // namespace scidex::bench
