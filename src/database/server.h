// One PostgreSQL instance as its clients know it: what a DSN reaches. It is probed, judged, gated
// and budgeted as one, however many pools have sessions on it.
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

// The server that a pool of this role has its sessions on, and the pool that such a server always
// has.
ServerRole ServerOf(routing::PoolRole pool);
routing::PoolRole MainPoolOf(ServerRole server);

// Thread safe.
class Server : public std::enable_shared_from_this<Server> {
 public:
  using Pools = control::Probe::Pools;
  // What asks the server. Made before it is put in force, so that nothing can fail then.
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

  // `session` is for the pool that may write, or for the replica's; of a pool it is set whether its
  // sessions are read-only. `on_auth_failed` is called, on any thread, when a login is refused; it
  // must not block. `runtime` outlives the server. `before` is null, or was made for the same DSN:
  // then what was judged of it holds for this one. Throws postgres::DsnError, naming the key.
  Server(ServerRole role, const postgres::SessionOptions& session,
         std::shared_ptr<pool::ConnectGate> gate, Runtime& runtime,
         std::function<void()> on_auth_failed, const Server* before);
  // As Stop().
  ~Server();

  const std::shared_ptr<pool::ConnectGate>& gate() const { return gate_; }

  // A pool of sessions on this server: they are lent while they are of the server that is judged,
  // and what they meet has the server probed. The pool may outlive the server.
  std::shared_ptr<pool::Pool> MakePool(routing::PoolRole role, const pool::PoolOptions& options);

  // `connections`: it also asks how many sessions the server allows.
  std::shared_ptr<Probing> MakeProbing(const control::ProbeOptions& options, bool connections,
                                       std::shared_ptr<const Pools> pools,
                                       control::Probe::OnResult on_result);
  // Ends what asks now, and has `next` in its place from Start() on, which goes on from `before`.
  void Replace(std::shared_ptr<Probing> next, const control::ProbeStats& before) noexcept;
  // The server has these pools from now on.
  void SetPools(std::shared_ptr<const Pools> pools) noexcept;

  void Start() noexcept;
  // Ends a probe under way; the numbers stay. Idempotent.
  void Stop() noexcept;

  // As of control::Probe, while it is started.
  void Trigger() noexcept;
  void Reconnect() noexcept;

  control::ProbeStats Stats() const;

 private:
  std::shared_ptr<pool::Connector> MakeConnector(routing::PoolRole role) const;
  std::shared_ptr<Probing> ProbingNow() const;

  const ServerRole role_;
  const postgres::SessionOptions session_;
  const std::shared_ptr<pool::ConnectGate> gate_;
  Runtime& runtime_;
  const std::function<void()> on_auth_failed_;
  const std::shared_ptr<postgres::JudgedServer> judged_;
  const std::shared_ptr<pool::Connector> connector_;
  // Where sessions will be opened to, if the DSN alone tells.
  const std::optional<routing::ServerAddress> expected_;
  const std::shared_ptr<control::ServerEvents> events_;

  // Not held while a probe is waited for: a probe's result may lead back here.
  mutable base::Mutex mutex_;
  std::shared_ptr<Probing> probing_ SCIDEX_GUARDED_BY(mutex_);
  bool started_ SCIDEX_GUARDED_BY(mutex_) = false;
};

}  // namespace scidex::database

template <>
struct scidex::base::EnumNames<scidex::database::ServerRole> {
  static constexpr std::array<std::string_view, 2> kNames{"primary", "replica"};
};
