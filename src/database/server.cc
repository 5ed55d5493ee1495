#include "database/server.h"

#include <string>
#include <utility>

#include "database/watched_connector.h"
#include "postgres/dsn.h"
#include "postgres/judged_connector.h"
#include "postgres/server_address.h"
#include "postgres/session_connector.h"

namespace scidex::database {

using base::MutexLock;
using routing::PoolRole;

ServerRole ServerOf(PoolRole pool) {
  return pool == PoolRole::kRo ? ServerRole::kReplica : ServerRole::kPrimary;
}

PoolRole MainPoolOf(ServerRole server) {
  return server == ServerRole::kReplica ? PoolRole::kRo : PoolRole::kPrimary;
}

Server::Server(ServerRole role, const postgres::SessionOptions& session,
               std::shared_ptr<pool::ConnectGate> gate, Runtime& runtime,
               std::function<void()> on_auth_failed, const Server* before)
    : role_(role),
      session_(session),
      gate_(std::move(gate)),
      runtime_(runtime),
      on_auth_failed_(std::move(on_auth_failed)),
      judged_(before != nullptr ? before->judged_ : std::make_shared<postgres::JudgedServer>()),
      connector_(MakeConnector(MainPoolOf(role), true)),
      expected_(postgres::ExpectedAddress(postgres::Dsn::Parse(session_.dsn))),
      events_(before != nullptr
                  ? before->events_
                  : std::make_shared<control::ServerEvents>(runtime.scheduler.clock())),
      target_(std::make_shared<Target>()) {
  const MutexLock lock(target_->mutex);
  target_->server = this;
}

Server::~Server() {
  {
    const MutexLock lock(target_->mutex);
    target_->server = nullptr;
  }
  Stop();
}

std::shared_ptr<pool::Connector> Server::MakeConnector(PoolRole role, bool for_probe) const {
  postgres::SessionOptions session = session_;
  session.read_only = role != PoolRole::kPrimary;
  session.of_replica = role == PoolRole::kRo;
  session.for_probe = for_probe;
  const std::string name(base::Name(role));
  try {
    return std::make_shared<WatchedConnector>(
        name,
        std::make_shared<postgres::SessionConnector>(name, session, runtime_.resolver,
                                                     runtime_.hangups, runtime_.scheduler.clock()),
        on_auth_failed_);
  } catch (const postgres::DsnError& error) {
    throw postgres::DsnError(std::string(base::Name(role_)) + ".dsn: " + error.what());
  }
}

std::shared_ptr<pool::Pool> Server::MakePool(PoolRole role, const pool::PoolOptions& options) {
  const auto trigger = [target = target_] {
    const MutexLock lock(target->mutex);
    if (target->server != nullptr) target->server->Trigger();
  };
  return std::make_shared<pool::Pool>(
      std::string(base::Name(role)), options,
      pool::Pool::Dependencies{
          std::make_shared<postgres::JudgedConnector>(MakeConnector(role, false), judged_),
          runtime_.scheduler, runtime_.scheduler.clock(), trigger, gate_});
}

std::shared_ptr<Server::Probing> Server::MakeProbing(const control::ProbeOptions& options,
                                                     bool connections,
                                                     std::shared_ptr<const Pools> pools,
                                                     control::Probe::OnResult on_result) {
  const bool is_replica = role_ == ServerRole::kReplica;
  postgres::FactsOptions facts{.name = std::string(base::Name(role_)),
                               .connections = connections,
                               .judged = judged_,
                               .lag_query = is_replica ? options.lag_query : "",
                               .expected = expected_};
  return std::make_shared<Probing>(std::move(facts), options, std::move(pools), connector_, events_,
                                   runtime_.scheduler, std::move(on_result));
}

void Server::Replace(std::shared_ptr<Probing> next, const control::ProbeStats& before) noexcept {
  Stop();
  next->probe.Inherit(before);
  MutexLock lock(mutex_);
  probing_.swap(next);
}

void Server::SetPools(std::shared_ptr<const Pools> pools) noexcept {
  ProbingNow()->probe.SetPools(std::move(pools));
}

std::shared_ptr<Server::Probing> Server::ProbingNow() const {
  MutexLock lock(mutex_);
  return probing_;
}

void Server::Start() noexcept {
  std::shared_ptr<Probing> probing;
  {
    MutexLock lock(mutex_);
    if (std::exchange(started_, true)) return;
    probing = probing_;
  }
  probing->probe.Start();
}

void Server::Stop() noexcept {
  std::shared_ptr<Probing> probing;
  {
    MutexLock lock(mutex_);
    if (!std::exchange(started_, false)) return;
    probing = probing_;
  }
  probing->probe.Stop();
}

void Server::Trigger() noexcept {
  MutexLock lock(mutex_);
  if (started_) probing_->probe.Trigger();
}

void Server::Reconnect() noexcept {
  MutexLock lock(mutex_);
  if (started_) probing_->probe.Reconnect();
}

control::ProbeStats Server::Stats() const { return ProbingNow()->probe.Stats(); }

}  // namespace scidex::database
