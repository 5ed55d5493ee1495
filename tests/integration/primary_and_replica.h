// A primary and its streaming replica, started once for all tests of a program.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "support/postgres_cluster.h"

namespace scidex::test {

class PrimaryAndReplica : public testing::Test {
 protected:
  static void SetUpTestSuite() { Start({}); }
  static void TearDownTestSuite() {
    replica_.reset();
    primary_.reset();
  }
  static void Start(const ServerSettings& primary) {
    primary_ = std::make_unique<PostgresServer>(primary);
    replica_ = PostgresServer::MakeReplicaOf(*primary_);
  }

  inline static std::unique_ptr<PostgresServer> primary_;
  inline static std::unique_ptr<PostgresServer> replica_;
};

}  // namespace scidex::test
