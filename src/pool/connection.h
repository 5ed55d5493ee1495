// The interfaces that a pool requires of its connections and of the connector that opens them. The
// pool is independent of any database: an adapter implements these, and the pool's tests use a
// fake.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/call_site.h"
#include "base/enum.h"
#include "base/explanation.h"
#include "base/time.h"
#include "pool/any_stop.h"

namespace scidex::pool {

// Outcome of an attempt to connect.
enum class ConnectOutcome {
  kOk,
  kNameNotResolved,
  kConnectRefused,
  kConnectTimeout,
  // Any failure that none of the others describes.
  kConnectFailed,
  kTlsFailed,
  kAuthFailed,
  kTooManyConnections,
  // It is starting up, shutting down or recovering from a crash.
  kNotAcceptingConnections,
  // It answered, but the session could not be proven to be read-only.
  kReadOnlyUnproven,
  // It answered, but is not the server that was judged.
  kOtherServer,
  // This process lacked descriptors, memory or a thread. Not evidence about the server.
  kLocalFailure,
};

// How a session was proven to be read-only when it was lent.
enum class ReadOnlyProof {
  kNone,         // not required: a session that may write
  kReported,     // the server reports the setting; no round trip
  kSet,          // the setting was sent on this acquire
  kTransaction,  // it is lent in a READ ONLY transaction, which the borrower could end
};

// Receives what a session finds out while it is in a pool. Each function does nothing unless
// overridden. Thread-safe; may be called at any time from one call of Connection::Observe() to the
// next; must not block.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  // A write was refused because the session is read-only.
  virtual void OnReadOnlyViolation() {}
  // The borrower switched read-only off, or could have done so and written without a command tag
  // that shows it. At most once per lease.
  virtual void OnReadOnlyTampered() {}
  // A write succeeded although the session should be read-only: the borrower switched that off, or
  // read-only does not prevent the statement, such as VACUUM.
  virtual void OnReadOnlyWrite() {}
  // The session could not be proven to be read-only.
  virtual void OnReadOnlyUnproven() {}
  // The peer has hung up, whether the connection is idle or lent.
  virtual void OnPeerGone() {}
  // The server no longer has the role that it had when the session was opened. Other sessions were
  // opened to it too.
  virtual void OnWrongServer() {}
};

// Result of Connection::Prepare().
struct Prepared {
  enum class Result {
    kReady,
    kLost,         // the connection is dead; others of this pool may be too
    kUnproven,     // alive, but read-only could not be proven
    kOtherServer,  // alive, but not connected to the server that was judged
    // The deadline had passed or `stop` was stopped: nothing was sent, and the connection is
    // unchanged.
    kNotTried,
    kStopped,  // `stop` was stopped before the server answered: the state is unknown
  };
  Result result = Result::kReady;
  ReadOnlyProof proof = ReadOnlyProof::kNone;
};

// Result of Connection::Recycle().
enum class Recycled {
  kClean,  // can be lent again
  kDirty,  // could not be returned to a clean state
  kLost,   // dead; others of this pool may be too
};

// Who acquired a connection.
struct Borrower {
  base::CallSite call_site;
  // AcquireOptions::client; may be null.
  std::shared_ptr<const std::string> client;
};

// One open connection. Used by one thread at a time. The destructor closes it without waiting for
// the server.
class Connection {
 public:
  virtual ~Connection() = default;

  // Returns whether the peer is still connected, as far as can be told without a round trip. kWatch
  // uses what the watch of the socket has reported, if it is watched, and costs nothing; kKernel
  // asks the kernel.
  enum class LivenessCheck { kWatch, kKernel };
  virtual bool IsAlive(LivenessCheck check) noexcept = 0;

  // The server's number for this session, or 0 if it has none. Never changes.
  virtual std::int64_t backend_pid() const noexcept { return 0; }

  // Called on every acquire, after IsAlive() and before the borrower gets the connection. Must
  // return by `deadline`, and at once when `stop` is stopped.
  virtual Prepared Prepare(base::TimePoint deadline, const StopSources& stop,
                           const Borrower& borrower) noexcept = 0;

  // Called on every release, to return the connection to a clean state. Must return `within` that
  // time.
  virtual Recycled Recycle(base::Duration within) noexcept = 0;

  // Sets the observer until the next call or the connection's destruction; null for none.
  virtual void Observe(SessionObserver* observer) noexcept = 0;
};

struct ConnectResult {
  ConnectOutcome outcome = ConnectOutcome::kConnectFailed;
  // Set if and only if outcome is kOk.
  std::unique_ptr<Connection> connection;
  // Empty if and only if outcome is kOk.
  base::Explanation message;
  // The server answered with an error, or was not asked for a reason of this machine: other clients
  // may be able to use it.
  bool refused = false;
};

class Connector {
 public:
  virtual ~Connector() = default;

  // Opens a connection. Blocks at most until `deadline`, and returns early when `stop` is
  // requested. Thread-safe.
  virtual ConnectResult Connect(base::TimePoint deadline, const std::stop_token& stop) noexcept = 0;
};

}  // namespace scidex::pool

template <>
struct scidex::base::EnumNames<scidex::pool::ConnectOutcome> {
  static constexpr std::array<std::string_view, 12> kNames{"ok",
                                                           "name_not_resolved",
                                                           "connect_refused",
                                                           "connect_timeout",
                                                           "connect_failed",
                                                           "tls_failed",
                                                           "auth_failed",
                                                           "too_many_connections",
                                                           "not_accepting_connections",
                                                           "read_only_unproven",
                                                           "other_server",
                                                           "local_failure"};
};

template <>
struct scidex::base::EnumNames<scidex::pool::ReadOnlyProof> {
  static constexpr std::array<std::string_view, 4> kNames{"none", "reported", "set", "transaction"};
};
