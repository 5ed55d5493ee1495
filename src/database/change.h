// The transition of a database from one set of options to another. Used only by database.cc and
// reconfigure.cc.
#pragma once

#include <memory>
#include <optional>

#include "base/enum.h"
#include "control/autoscaler.h"
#include "control/pool_logger.h"
#include "database/database.h"
#include "database/options.h"
#include "database/server.h"
#include "pool/options.h"
#include "postgres/options.h"
#include "queries/query_runner.h"
#include "routing/pools.h"
#include "routing/router.h"

namespace scidex::database {

struct Database::Required {
  base::EnumArray<ServerRole, std::optional<postgres::SessionOptions>> servers;
  base::EnumArray<routing::PoolRole, std::optional<pool::PoolOptions>> pools;
};

// Created by Prepare(), which may fail; put in force by Apply(), which cannot.
struct Database::Change {
  // The new options; after Apply(), the previous ones.
  DatabaseOptions options;
  Required before;
  Required required;
  Parts old;
  Parts next;
  // Null if the probe is kept.
  base::EnumArray<ServerRole, std::shared_ptr<Server::Probing>> probing;
  base::EnumArray<ServerRole, std::shared_ptr<const Server::Pools>> pools;
  bool same_probes = false;
  // Whether the DSN leads elsewhere; the same server remains what it was found to be.
  base::EnumArray<ServerRole, bool> moved;
  // Null if unchanged.
  std::shared_ptr<control::Autoscaler> autoscaler;
  std::shared_ptr<control::PoolLogger> pool_logger;
  std::shared_ptr<routing::Router::Plan> routes;
  std::shared_ptr<queries::QueryRunner::Change> queries;

  bool IsSame(ServerRole role) const { return required.servers[role] == before.servers[role]; }
  // Whether the DSN is unchanged, even if other session options differ.
  bool IsSameServer(ServerRole role) const {
    const auto& now = required.servers[role];
    const auto& then = before.servers[role];
    return now.has_value() == then.has_value() && (!now || now->dsn == then->dsn);
  }
  bool IsSame(routing::PoolRole role) const {
    return IsSame(ServerOf(role)) && required.pools[role] == before.pools[role];
  }
};

// Whether probes must also query the connection limits of their servers.
bool WantsConnections(const DatabaseOptions& options);

}  // namespace scidex::database
