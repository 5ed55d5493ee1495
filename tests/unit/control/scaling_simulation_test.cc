// Simulates days of load on one scaled pool within milliseconds.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "control/scaling_policy.h"

namespace scidex::control {
namespace {

constexpr int kHour = 3600;
constexpr int kDay = 24 * kHour;
// The step of the model; there are ten between two checks.
constexpr int kTicks = 10;
constexpr double kTick = 1.0 / kTicks;

// The state at the end of one second.
struct Second {
  // Borrowers with and without a connection.
  std::size_t needed = 0;
  std::size_t waiters = 0;
  std::size_t target_size = 0;
  ScalingReason reason = ScalingReason::kSteady;
};

// A pool with its borrowers and its server. Borrowers arrive at random, hold a connection for a
// random time, and give up after five seconds in the queue. A connect takes one tick, and at most
// four are concurrent, as in the real pool.
class Simulation {
 public:
  using Load = std::function<double(int)>;

  explicit Simulation(std::uint64_t seed) : random_(seed) {
    sample_.min_idle = 2;
    sample_.max_size = 100;
    sample_.target_size = 2;
  }

  // Mean number of concurrent borrowers that the load needs, at each second.
  Load load = [](int) { return 0.0; };
  // Mean time that a connection is held, in seconds.
  double use = 2;
  // The budget of the server at each second; empty while it does not answer.
  std::function<std::optional<std::size_t>(int)> budget = [](int) { return 1000; };
  AutoscalerOptions options;

  std::vector<Second> Run(int for_seconds) {
    ScalingHistory history(options.shrink_after);
    std::vector<Second> seen;
    for (int second = 0; second < for_seconds; ++second) {
      const bool answers = budget(second).has_value();
      for (int i = 0; i < kTicks; ++i) Tick(load(second), answers);
      history.Add(SampleAt(second));
      const ScalingDecision decision = Step(history, options, budget(second));
      seen.push_back(
          {leased_.size() + queue_.size(), queue_.size(), sample_.target_size, decision.reason});
      sample_.target_size = decision.target_size;
    }
    return seen;
  }

 private:
  void Tick(double wanted_at_once, bool answers) {
    now_ += kTick;
    if (answers) {
      // A released connection is closed if the pool is above its target.
      while (!leased_.empty() && leased_.top().first <= now_) {
        ++sample_.leases;
        sample_.held += ToDuration(leased_.top().second);
        leased_.pop();
        if (size() < sample_.target_size) ++idle_;
      }
      idle_ += std::exchange(connecting_, 0);
    } else {
      leased_ = {};
      idle_ = 0;
    }
    std::poisson_distribution<int> arrivals(wanted_at_once / use * kTick + 1e-12);
    for (int i = arrivals(random_); i > 0; --i) queue_.push(now_);
    if (answers) Serve();
    for (; !queue_.empty() && queue_.front() < now_ - 5; queue_.pop()) RecordWait(5);
    if (!answers) return;
    const std::size_t room = sample_.target_size > size() ? sample_.target_size - size() : 0;
    const std::size_t wanted =
        std::max(queue_.size(), sample_.min_idle - std::min(idle_, sample_.min_idle));
    connecting_ = std::min<std::size_t>({4, room, wanted});
    // One idle connection above the target is closed per second.
    if (idle_ > 0 && size() > sample_.target_size) --idle_;
  }
  void Serve() {
    std::exponential_distribution<double> hold(1 / use);
    for (; idle_ > 0 && !queue_.empty(); queue_.pop(), --idle_) {
      RecordWait(now_ - queue_.front());
      const double held = hold(random_);
      leased_.emplace(now_ + held, held);
    }
  }
  void RecordWait(double for_seconds) {
    ++sample_.acquires;
    sample_.waited += ToDuration(for_seconds);
  }
  static base::Duration ToDuration(double length) {
    return std::chrono::round<base::Duration>(std::chrono::duration<double>(length));
  }
  std::size_t size() const { return leased_.size() + idle_ + connecting_; }
  const ScalingSample& SampleAt(int second) {
    sample_.at = base::TimePoint(std::chrono::hours(1) + std::chrono::seconds(second));
    sample_.size = size();
    sample_.connecting = connecting_;
    sample_.idle = idle_;
    sample_.in_use = leased_.size();
    sample_.waiters = queue_.size();
    return sample_;
  }

  std::mt19937_64 random_;
  double now_ = 0;
  using Lease = std::pair<double, double>;

  // The arrival time of each waiting borrower; the end of each lease, and its duration.
  std::queue<double> queue_;
  std::priority_queue<Lease, std::vector<Lease>, std::greater<>> leased_;
  std::size_t idle_ = 0;
  std::size_t connecting_ = 0;
  ScalingSample sample_;
};

// The number of times that the target changed from rising to falling or back.
int CountReversals(const std::vector<Second>& seen) {
  int turns = 0;
  bool rising = true;
  for (std::size_t i = 1; i < seen.size(); ++i) {
    if (seen[i].target_size == seen[i - 1].target_size) continue;
    const bool rises = seen[i].target_size > seen[i - 1].target_size;
    if (rises != rising) ++turns;
    rising = rises;
  }
  return turns;
}

std::size_t MaxTarget(const std::vector<Second>& seen) {
  std::size_t most = 0;
  for (const Second& second : seen) most = std::max(most, second.target_size);
  return most;
}

std::size_t MaxNeeded(const std::vector<Second>& seen) {
  std::size_t most = 0;
  for (const Second& second : seen) most = std::max(most, second.needed);
  return most;
}

// 4 concurrent borrowers at night, 40 at noon.
double Diurnal(int second) { return 22 - 18 * std::cos(2 * std::numbers::pi * second / kDay); }

class ScalingSimulation : public testing::TestWithParam<std::uint64_t> {
 protected:
  Simulation simulation_{GetParam()};
};

TEST_P(ScalingSimulation, FollowsADaysLoadUpAndDownWithFewWaiters) {
  simulation_.load = Diurnal;
  const std::vector<Second> seen = simulation_.Run(3 * kDay);
  std::size_t waiting = 0;
  for (std::size_t i = 60; i < seen.size(); ++i) {
    if (seen[i].waiters > 0) ++waiting;
  }
  EXPECT_LT(waiting, seen.size() / 100) << "more than one second in a hundred has waiters";
  EXPECT_LE(MaxTarget(seen), MaxNeeded(seen));
  std::size_t night = 1000;
  for (int i = 2 * kDay - kHour; i < 2 * kDay + kHour; ++i)
    night = std::min(night, seen[static_cast<std::size_t>(i)].target_size);
  EXPECT_LT(night, 20u) << "what noon needed was not given back";
}

TEST_P(ScalingSimulation, SteadyLoadComesToRest) {
  simulation_.load = [](int) { return 12.0; };
  const std::vector<Second> seen = simulation_.Run(2 * kDay);
  const std::vector<Second> later(seen.begin() + kHour, seen.end());
  // Random load with a peak once in hours, which is forgotten after minutes.
  EXPECT_LT(CountReversals(later), 2 * 47) << "more than a turn an hour each way";
  EXPECT_LE(MaxTarget(later), MaxNeeded(seen));
}

TEST_P(ScalingSimulation, NeverTurnsMoreThanOnceEachWayInAWindowWhateverTheLoad) {
  // The worst rhythm: a spike as soon as the pool begins to shrink after the previous one.
  simulation_.load = [](int second) { return second % 330 < 20 ? 30.0 : 2.0; };
  const std::vector<Second> seen = simulation_.Run(kDay);
  EXPECT_LE(CountReversals(seen), 2 * kDay / 300);
}

TEST_P(ScalingSimulation, SpikesShorterThanTheWindowKeepWhatTheyNeed) {
  simulation_.load = [](int second) { return second % 240 < 20 ? 30.0 : 2.0; };
  const std::vector<Second> seen = simulation_.Run(kDay);
  const std::vector<Second> later(seen.begin() + kHour, seen.end());
  // Random spikes: one smaller than most, followed by a larger one.
  EXPECT_LT(CountReversals(later), 2 * 23) << "more than one spike in fifteen";
}

TEST_P(ScalingSimulation, RushIsMetWithinTenChecksAndNotExceeded) {
  simulation_.load = [](int second) { return second < 600 ? 2.0 : 40.0; };
  const std::vector<Second> seen = simulation_.Run(1200);
  std::size_t met = 600;
  while (met < seen.size() && seen[met].target_size < 40) ++met;
  EXPECT_LE(met, 610u);
  EXPECT_LE(MaxTarget(seen), MaxNeeded(seen));
}

TEST_P(ScalingSimulation, OutageMovesNothingAndIsOverWithinTwentyChecks) {
  simulation_.load = [](int) { return 20.0; };
  simulation_.use = 1;
  constexpr int kDown = 1200;
  constexpr int kUp = 1500;
  simulation_.budget = [](int second) {
    return second >= kDown && second < kUp ? std::nullopt : std::optional<std::size_t>(1000);
  };
  const std::vector<Second> seen = simulation_.Run(3000);
  EXPECT_EQ(seen[kUp - 1].target_size, seen[kDown - 1].target_size);
  EXPECT_GT(seen[kUp - 1].waiters, 50u);
  std::size_t recovered = kUp;
  while (recovered < seen.size() && seen[recovered].waiters > 0) ++recovered;
  EXPECT_LE(recovered, kUp + 20u);
  const std::vector<Second> after(seen.begin() + kDown, seen.begin() + kUp + 120);
  EXPECT_LE(MaxTarget(after), seen[kDown - 1].target_size * 5 / 4)
      << "those who waited through it were taken for a need that lasts";
}

TEST_P(ScalingSimulation, MakesRoomImmediatelyForOtherClientsOfTheServer) {
  simulation_.load = [](int) { return 20.0; };
  simulation_.budget = [](int second) { return second % 600 < 300 ? 60 : 10; };
  const std::vector<Second> seen = simulation_.Run(4 * kHour);
  for (std::size_t i = 1; i < seen.size(); ++i) {
    if (i % 600 <= 300) continue;
    ASSERT_LE(seen[i].target_size, 10u) << i;
  }
  EXPECT_LE(CountReversals(seen), 2 * 4 * kHour / 600);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ScalingSimulation, testing::Values(1, 2, 3));

}  // namespace
}  // namespace scidex::control
