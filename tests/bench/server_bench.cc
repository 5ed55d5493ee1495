// Sixty-four threads on eight connections to a real PostgreSQL, through the pool and its peers; the
// same libpq call for all of them.

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "bench/bare_pool.h"
#include "bench/peers.h"
#include "postgres/session.h"
#include "postgres/session_connector.h"
#include "support/postgres_cluster.h"
#include "support/process.h"

namespace scidex::bench {
namespace {

constexpr std::size_t kConnections = 8;

const test::PostgresServer& Server() {
  static const test::PostgresServer server;
  return server;
}

void SelectOne(PGconn* connection) {
  const postgres::PgResultPtr result(PQexec(connection, "SELECT 1"));
  benchmark::DoNotOptimize(result.get());
}

// The slots of a peer, each with a connection.
template <typename Peer>
class WithConnections {
 public:
  WithConnections() : pool_(kConnections) {
    for (std::size_t i = 0; i < kConnections; ++i) {
      connections_.emplace_back(PQconnectdb(Server().Dsn().c_str()));
    }
  }
  void Use() {
    const std::size_t place = pool_.Acquire();
    SelectOne(connections_[place].get());
    pool_.Release(place);
  }

 private:
  Peer pool_;
  std::vector<postgres::PgConnPtr> connections_;
};

class OurPool {
 public:
  explicit OurPool(std::optional<base::Duration> handoff_after, bool read_only = false) {
    postgres::SessionOptions session;
    session.dsn = base::Secret(Server().Dsn());
    session.read_only = read_only;
    pool_ = std::make_unique<pool::Pool>(
        "bench", UnboundedQueueOptions(kConnections, handoff_after),
        pool::Pool::Dependencies{std::make_shared<postgres::SessionConnector>(
                                     "bench", session, std::make_shared<postgres::Resolver>(),
                                     std::make_shared<base::HangupWatch>()),
                                 scheduler_});
    std::vector<pool::Lease> leases;
    while (leases.size() < kConnections) leases.push_back(pool_->Acquire());
  }
  pool::Pool& operator*() { return *pool_; }
  void Use() {
    const pool::Lease lease = pool_->Acquire();
    SelectOne(postgres::Session::Of(lease).raw());
  }

 private:
  base::Scheduler scheduler_{base::RealClock()};
  std::unique_ptr<pool::Pool> pool_;
};

// An acquire and a release of a real session: its socket is checked, it is rolled back if
// necessary, and a read-only session is verified to be read-only.
void BM_SessionPool(benchmark::State& state) {
  OurPool pool(std::chrono::milliseconds(5), state.range(0) != 0);
  for (auto _ : state) {
    const pool::Lease lease = (*pool).Acquire();
    benchmark::DoNotOptimize(&lease.connection());
  }
}
BENCHMARK(BM_SessionPool)->ArgName("read_only")->Arg(0)->Arg(1);

template <typename User>
std::unique_ptr<User> shared;

template <typename User>
void Measure(benchmark::State& state) {
  for (auto _ : state) shared<User>->Use();
  if (state.thread_index() == 0) shared<User>.reset();
}

void BM_SelectPool(benchmark::State& state) {
  if (state.thread_index() == 0) {
    shared<OurPool> = std::make_unique<OurPool>(HandoffOf(state.range(0)));
  }
  Measure<OurPool>(state);
}
// Long enough that the start of sixty-four threads does not matter.
constexpr double kSeconds = 2;

BENCHMARK(BM_SelectPool)
    ->MinTime(kSeconds)
    ->ArgName("handoff_ms")
    ->Arg(kAuto)
    ->Arg(0)
    ->Arg(1)
    ->Arg(5)
    ->Arg(20)
    ->Threads(64)
    ->UseRealTime();

template <typename Peer>
void BM_SelectPeer(benchmark::State& state) {
  using User = WithConnections<Peer>;
  if (state.thread_index() == 0) shared<User> = std::make_unique<User>();
  Measure<User>(state);
}
BENCHMARK_TEMPLATE(BM_SelectPeer, NaivePool)->MinTime(kSeconds)->Threads(64)->UseRealTime();
BENCHMARK_TEMPLATE(BM_SelectPeer, SociPool)->MinTime(kSeconds)->Threads(64)->UseRealTime();

// psycopg_pool in Debian's own Python, for which it is packaged, which prints the seconds of one
// acquire and release.
void BM_PsycopgPool(benchmark::State& state) {
  for (auto _ : state) {
    const test::ProcessResult child =
        test::Run({{"/usr/bin/python3", SCIDEX_SOURCE_DIR "/tests/bench/psycopg_pool_bench.py",
                    Server().Dsn()}});
    if (child.exit_status != 0) return state.SkipWithError(child.errors.c_str());
    state.SetIterationTime(std::stod(child.output));
  }
}
BENCHMARK(BM_PsycopgPool)->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace scidex::bench
