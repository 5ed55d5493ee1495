// What a pool asks of the connections that it holds, and of whoever opens them. The pool knows no
// database: an adapter implements these, and the pool's own tests use a fake.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/call_site.h"
#include "base/enum.h"
#include "base/explanation.h"
#include "base/time.h"

namespace scidex::pool {

// How opening a connection ended.
enum class ConnectOutcome {
  kOk,
  kNameNotResolved,
  kConnectRefused,
  kConnectTimeout,
  kConnectFailed,
  kTlsFailed,
  kAuthFailed,
  kTooManyConnections,
  kNotAcceptingConnections,
  kReadOnlyUnproven,
  // It answered, and is not the server that is judged.
  kOtherServer,
  // This process lacked descriptors, memory or a thread: it tells nothing about the server.
  kLocalFailure,
};

// How a session was shown to be read-only when it was handed out.
enum class ReadOnlyProof {
  kNone,         // not asked for: a session that may write
  kReported,     // the server reports the setting; no round trip
  kSet,          // the setting was sent on this acquire
  kTransaction,  // every transaction is begun READ ONLY; the session itself is not
};

// What a session may find out while it is in a pool. Each of these does nothing unless overridden.
// Thread safe; callable at any time between the calls of Connection::Observe(); must not block.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  // A write was refused because the session is read-only.
  virtual void OnReadOnlyViolation() {}
  // A session that had been read-only was found switched off.
  virtual void OnReadOnlyTampered() {}
  // A write succeeded although the session is to be read-only: its borrower switched that off.
  virtual void OnReadOnlyWrite() {}
  // Read-only could not be shown.
  virtual void OnReadOnlyUnproven() {}
  // The peer has hung up, be the connection idle or lent.
  virtual void OnPeerGone() {}
  // The server is no longer of the kind that it was when the session was opened: others were opened
  // to it too.
  virtual void OnWrongServer() {}
};

// What Connection::Prepare() found.
struct Prepared {
  enum class Result {
    kReady,
    kLost,         // the connection is dead: others of this pool may be too
    kUnproven,     // alive, but read-only could not be proven
    kOtherServer,  // alive, but not to the server that is judged
    kNotTried,     // the deadline had passed: nothing was sent, and the connection is as it was
  };
  Result result = Result::kReady;
  ReadOnlyProof proof = ReadOnlyProof::kNone;
};

// How giving a connection back ended.
enum class Recycled {
  kClean,  // it can be lent again
  kDirty,  // it could not be returned to a clean state
  kLost,   // it is dead: others of this pool may be too
};

// One open connection. Used by one thread at a time. Its destructor closes it, without waiting for
// the server.
class Connection {
 public:
  virtual ~Connection() = default;

  // Whether the peer is still there, as far as can be told without a round trip. By kWatch a
  // connection whose socket is watched goes by what the watch has told, which costs nothing.
  enum class LivenessCheck { kWatch, kKernel };
  virtual bool IsAlive(LivenessCheck check) noexcept = 0;

  // By which the server knows this session; 0 where it has no such number. Never changes.
  virtual std::int64_t backend_pid() const noexcept { return 0; }

  // Called on every acquire, after IsAlive(), before the borrower sees the connection. Must end by
  // `deadline`.
  virtual Prepared Prepare(base::TimePoint deadline, const base::CallSite& borrower) noexcept = 0;

  // Called on every release, to return the connection to a clean state. Must end `within` that
  // time.
  virtual Recycled Recycle(base::Duration within) noexcept = 0;

  // Whom to tell, until the next call of this or the connection's destruction; null for nobody.
  virtual void Observe(SessionObserver* observer) noexcept = 0;
};

struct ConnectResult {
  ConnectOutcome outcome = ConnectOutcome::kConnectFailed;
  // Set if and only if outcome is kOk.
  std::unique_ptr<Connection> connection;
  // Empty if and only if outcome is kOk.
  base::Explanation message;
};

class Connector {
 public:
  virtual ~Connector() = default;

  // Opens a connection. Blocks until `deadline` at most, and ends early when `stop` is stopped.
  // Thread safe.
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
