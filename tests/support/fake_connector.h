// Connections without a server, which a test controls.
//
//   auto connector = std::make_shared<FakeConnector>();
//   connector->Block();                        // connects from now on wait ...
//   connector->AwaitBlocked(1);
//   connector->Finish();                       // ... until the test ends them
//   SessionOf(lease).Kill();                   // the server has closed this one
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "pool/connection.h"
#include "pool/lease.h"

namespace scidex::test {

// The server's side of one connection: the test controls it here, and it records the calls that it
// received. Outlives the connection. Thread safe.
class FakeSession {
 public:
  // From now on IsAlive() is false.
  void Kill();
  // The same, but the watch has not reported it: IsAlive() is false only if the kernel is asked.
  void KillUnnoticed();
  void FailPrepare(pool::Prepared::Result result);
  void ProveBy(pool::ReadOnlyProof proof);
  void FailRecycle(pool::Recycled recycled = pool::Recycled::kDirty);
  // Prepare() and IsAlive() block until Unblock(), for at most kPatience. A stop ends Prepare()
  // too.
  void BlockPrepare();
  void BlockIsAlive();
  void BlockClose();
  void Unblock();
  // Returns false if it does not happen within kPatience.
  bool AwaitBlocked();

  std::size_t alive_checks() const;
  std::size_t prepares() const;
  std::size_t recycles() const;
  // False once the connection has been destroyed.
  bool open() const;
  base::TimePoint prepare_deadline() const;
  base::Duration recycle_within() const;
  std::string borrower() const;
  pool::SessionObserver* observer() const;

 private:
  friend class FakeConnection;

  void WaitWhile(const bool& blocking, const std::stop_token& stop = {}) SCIDEX_REQUIRES(mutex_);
  pool::Prepared PrepareBlocked(const std::stop_token& stop) SCIDEX_REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool alive_ SCIDEX_GUARDED_BY(mutex_) = true;
  bool noticed_ SCIDEX_GUARDED_BY(mutex_) = true;
  bool open_ SCIDEX_GUARDED_BY(mutex_) = true;
  pool::Recycled recycled_ SCIDEX_GUARDED_BY(mutex_) = pool::Recycled::kClean;
  pool::Prepared prepared_ SCIDEX_GUARDED_BY(mutex_);
  bool block_prepare_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool block_is_alive_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool block_close_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::size_t blocked_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::size_t alive_checks_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::size_t prepares_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::size_t recycles_ SCIDEX_GUARDED_BY(mutex_) = 0;
  base::TimePoint prepare_deadline_ SCIDEX_GUARDED_BY(mutex_){};
  base::Duration recycle_within_ SCIDEX_GUARDED_BY(mutex_){0};
  std::string borrower_ SCIDEX_GUARDED_BY(mutex_);
  pool::SessionObserver* observer_ SCIDEX_GUARDED_BY(mutex_) = nullptr;
};

class FakeConnection final : public pool::Connection {
 public:
  explicit FakeConnection(std::shared_ptr<FakeSession> session) : session_(std::move(session)) {}
  ~FakeConnection() override;

  static constexpr std::int64_t kBackendPid = 4711;
  std::int64_t backend_pid() const noexcept override { return kBackendPid; }
  bool IsAlive(LivenessCheck check) noexcept override;
  pool::Prepared Prepare(base::TimePoint deadline, const pool::StopSources& stop,
                         const pool::Borrower& borrower) noexcept override;
  pool::Recycled Recycle(base::Duration within) noexcept override;
  void Observe(pool::SessionObserver* observer) noexcept override;

  FakeSession& session() const { return *session_; }

 private:
  const std::shared_ptr<FakeSession> session_;
};

// The session of a lease from a pool that has a FakeConnector.
FakeSession& SessionOf(const pool::Lease& lease);

// Thread safe. Awaiting returns false if it does not happen within kPatience.
class FakeConnector final : public pool::Connector {
 public:
  pool::ConnectResult Connect(base::TimePoint deadline,
                              const std::stop_token& stop) noexcept override;

  // How future connects end: they succeed immediately (the default), fail immediately, or block
  // until Finish(), a stop request or kPatience.
  void Succeed();
  void Fail(pool::ConnectOutcome outcome = pool::ConnectOutcome::kConnectRefused);
  void Block();
  // Stop requests do not end blocked connects.
  void IgnoreStop();
  // Ends the connect that has been blocked for longest, or all of them.
  void Finish(pool::ConnectOutcome outcome = pool::ConnectOutcome::kOk);
  void FinishAll(pool::ConnectOutcome outcome = pool::ConnectOutcome::kOk);

  // The number of connects that have begun, and of those that are blocked.
  std::size_t connects() const;
  std::size_t blocked() const;
  bool AwaitConnects(std::size_t count);
  bool AwaitBlocked(std::size_t count);
  // Of the latest connect.
  base::TimePoint deadline() const;

  // All sessions that were ever opened, oldest first, and the number of open ones.
  std::vector<std::shared_ptr<FakeSession>> sessions() const;
  std::size_t open() const;

 private:
  enum class Mode { kSucceed, kFail, kBlock };
  struct Blocked {
    std::optional<pool::ConnectOutcome> outcome;
  };

  pool::ConnectOutcome AwaitOutcome(const std::stop_token& stop) SCIDEX_REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  Mode mode_ SCIDEX_GUARDED_BY(mutex_) = Mode::kSucceed;
  pool::ConnectOutcome failure_ SCIDEX_GUARDED_BY(mutex_) = pool::ConnectOutcome::kConnectRefused;
  bool ignore_stop_ SCIDEX_GUARDED_BY(mutex_) = false;
  std::size_t connects_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::vector<Blocked*> blocked_ SCIDEX_GUARDED_BY(mutex_);
  base::TimePoint deadline_ SCIDEX_GUARDED_BY(mutex_){};
  std::vector<std::shared_ptr<FakeSession>> sessions_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::test
