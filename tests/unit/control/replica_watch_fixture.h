// A ReplicaWatch whose probes are the test's.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "control/replica_watch.h"
#include "support/manual_clock.h"

namespace scidex::control {

class ReplicaWatchTest : public testing::Test {
 protected:
  static ProbeResult Primary(std::uint64_t wal_position) {
    ProbeResult result;
    result.facts.system_identifier = "7";
    result.facts.wal_position = result.facts.replayable_position = wal_position;
    return result;
  }
  static ProbeResult Replica(std::uint64_t replayed) {
    ProbeResult result = Primary(replayed);
    result.facts.in_recovery = true;
    result.facts.wal_receiver_up = true;
    return result;
  }
  static ProbeResult Down(routing::Reason reason) { return {reason, {"down", ""}, {}, {}, {}}; }

  // At its next probe, a replica at the position 150 is 31 s behind.
  void WaitForReplica() {
    watch_.OnPrimaryProbe(Primary(100));
    watch_.OnPrimaryProbe(Primary(200));
    watch_.OnReplicaProbe(Replica(150));
    clock_.Advance(std::chrono::seconds(31));
  }

  // The replica is judged 31 s behind. At the position 250, it is 16 s behind.
  void FallBehind() {
    watch_.OnPrimaryProbe(Primary(100));
    watch_.OnPrimaryProbe(Primary(200));
    clock_.Advance(std::chrono::seconds(15));
    watch_.OnPrimaryProbe(Primary(300));
    clock_.Advance(std::chrono::seconds(16));
    watch_.OnReplicaProbe(Replica(150));
  }

  test::ManualClock clock_;
  std::vector<routing::Reason> verdicts_;
  ReplicaWatch watch_{{}, true, clock_, [this](routing::Reason verdict, base::TimePoint) {
                        verdicts_.push_back(verdict);
                      }};
};

}  // namespace scidex::control
