// A random schedule of events of a pool, step by step; after each step the pool comes to rest, and
// the invariants are checked. The same seed gives the same schedule.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "unit/pool/pool_test_base.h"

namespace scidex::pool {

class PoolSchedule {
 public:
  explicit PoolSchedule(std::uint64_t seed);

  // The violated invariant with the steps that led to it; empty if there was none.
  std::string Run(std::size_t steps);

 private:
  struct Arrival {
    std::size_t number;
    std::unique_ptr<Client> client;
  };

  std::size_t Random(std::size_t below) { return random_() % below; }
  std::size_t RandomTarget();
  void Arrive();
  void Step();
  void Try();
  void OnLease();
  void OnPool();
  void OnServer();
  void Close();

  // Collects the results of clients that have ended.
  void Collect();
  void Take(Arrival& arrival);
  // The violated invariant, empty at rest; `torn_` keeps violations of what must hold at any time.
  std::string Unrest();
  std::string AwaitRest();
  std::string Starved(const PoolStats& stats) const;
  std::string Misplaced(const PoolStats& stats) const;
  std::string Miscounted(const PoolStats& stats) const;

  std::mt19937_64 random_;
  PoolOptions options_;
  ManualClock clock_;
  base::Scheduler scheduler_{clock_, test::kEager};
  std::shared_ptr<FakeConnector> connector_ = std::make_shared<FakeConnector>();
  std::unique_ptr<Pool> pool_;

  std::vector<std::string> steps_;
  std::size_t arrivals_ = 0;
  // The client that was served last.
  std::size_t last_served_ = 0;
  std::vector<Arrival> waiting_;
  std::vector<Lease> leases_;
  std::vector<std::unique_ptr<Connection>> detached_;
  base::EnumArray<AcquireOutcome, std::uint64_t> told_;
  bool refusing_ = false;
  bool suspended_ = false;
  std::optional<std::uint64_t> served_before_suspend_;
  // Whether sessions are killed in this schedule.
  bool kills_ = false;
  std::optional<PoolStats> before_;
  std::string torn_;
};

}  // namespace scidex::pool
