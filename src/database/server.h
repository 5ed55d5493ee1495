// One PostgreSQL instance as its clients know it: what a DSN reaches. It has one probe, one
// verdict, one connect gate and one connection budget, regardless of the number of its pools.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/enum.h"
#include "base/mutex.h"
#include "control/options.h"
#include "control/probe.h"
#include "control/probe_stats.h"
#include "control/server_events.h"
#include "database/runtime.h"
#include "pool/connect_gate.h"
#include "pool/options.h"
#include "pool/pool.h"
#include "postgres/judged_server.h"
#include "postgres/options.h"
#include "postgres/server_facts.h"
#include "routing/evidence.h"
#include "routing/pools.h"

namespace scidex::database {

enum class ServerRole { kPrimary, kReplica };

// Maps a pool to the server that its sessions are on, and a server to the pool that it always has.
ServerRole ServerOf(routing::PoolRole pool);
routing::PoolRole MainPoolOf(ServerRole server);

// Thread-safe.
class Server {
 public:
  using Pools = control::Probe::Pools;
  // What queries the server. Created before it is put in force, so that nothing can fail then.
  struct Probing {
    Probing(postgres::FactsOptions facts_options, const control::ProbeOptions& options,
            std::shared_ptr<const Pools> pools, std::shared_ptr<pool::Connector> connector,
            std::shared_ptr<control::ServerEvents> events, base::Scheduler& scheduler,
            control::Probe::OnResult on_result)
        : facts(std::move(facts_options), scheduler.clock()),
          probe(options, std::move(pools), std::move(connector), facts, std::move(events),
                scheduler, std::move(on_result)) {}

    postgres::FactsReader facts;
    control::Probe probe;
  };

  // `session` is for the main pool (MainPoolOf); whether sessions are read-only is set for each
  // pool. `on_auth_failed` is called, on any thread, when a login is refused; it must not block.
  // `runtime` must outlive the server. `before` is null or a server with the same DSN, whose judged
  // server and log state carry over. Throws postgres::DsnError, naming the key.
  Server(ServerRole role, const postgres::SessionOptions& session,
         std::shared_ptr<pool::ConnectGate> gate, Runtime& runtime,
         std::function<void()> on_auth_failed, const Server* before);
  // Calls Stop().
  ~Server();

  const std::shared_ptr<pool::ConnectGate>& gate() const { return gate_; }

  // Creates a pool of sessions on this server. A session is lent only if it is on the judged
  // server, and failures of the pool trigger a probe. The pool may outlive the server.
  std::shared_ptr<pool::Pool> MakePool(routing::PoolRole role, const pool::PoolOptions& options);

  // `connections`: also query the server's connection limits.
  std::shared_ptr<Probing> MakeProbing(const control::ProbeOptions& options, bool connections,
                                       std::shared_ptr<const Pools> pools,
                                       control::Probe::OnResult on_result);
  // Stops the current probing and replaces it with `next`, which continues the numbers in `before`.
  // `next` runs after Start().
  void Replace(std::shared_ptr<Probing> next, const control::ProbeStats& before) noexcept;
  // Sets the list of pools on this server.
  void SetPools(std::shared_ptr<const Pools> pools) noexcept;

  // Starts the current probing. No effect if it is started already.
  void Start() noexcept;
  // Stops a probe in progress; the statistics remain. Idempotent.
  void Stop() noexcept;

  // Like control::Probe; no effect unless started.
  void Trigger() noexcept;
  void Reconnect() noexcept;

  control::ProbeStats Stats() const;

 private:
  // What a pool triggers: it must not keep the server, whose last owner may then be a borrower's
  // thread that outlives the runtime.
  struct Target {
    base::Mutex mutex;
    // Null once the server is destroyed.
    Server* server SCIDEX_GUARDED_BY(mutex);
  };

  std::shared_ptr<pool::Connector> MakeConnector(routing::PoolRole role, bool for_probe) const;
  std::shared_ptr<Probing> ProbingNow() const;

  const ServerRole role_;
  const postgres::SessionOptions session_;
  const std::shared_ptr<pool::ConnectGate> gate_;
  Runtime& runtime_;
  const std::function<void()> on_auth_failed_;
  const std::shared_ptr<postgres::JudgedServer> judged_;
  const std::shared_ptr<pool::Connector> connector_;
  // Address of future sessions, if the DSN alone determines it.
  const std::optional<routing::ServerAddress> expected_;
  const std::shared_ptr<control::ServerEvents> events_;
  const std::shared_ptr<Target> target_;

  // Not held while waiting for a probe, because a probe's result may lead back here.
  mutable base::Mutex mutex_;
  std::shared_ptr<Probing> probing_ SCIDEX_GUARDED_BY(mutex_);
  bool started_ SCIDEX_GUARDED_BY(mutex_) = false;
};

}  // namespace scidex::database

template <>
struct scidex::base::EnumNames<scidex::database::ServerRole> {
  static constexpr std::array<std::string_view, 2> kNames{"primary", "replica"};
};
