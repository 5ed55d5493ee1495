// One session with a PostgreSQL server, as a pool holds it and as a borrower uses it.
//
// A read-only session is opened with default_transaction_read_only=on in its startup packet, and
// shown to have it on every acquire: by the server's own report where the server reports that
// setting (PostgreSQL 14 and later; no round trip), by setting it again where not, or where the
// report says that a borrower switched it off.
//
// Behind a pooler a setting would be left to other clients, and reports be about other sessions:
// there each acquire begins a READ ONLY transaction, in which the borrower is until the release.
//
// How a transaction ends that is open at the release: what a borrower began is rolled back. What
// was begun here (that one, and StreamRows()'s) is committed, so that the server's statistics count
// a success, if the borrower ran nothing in it but SELECT, SHOW, EXPLAIN and FETCH, none failed,
// and the server says that it has given the transaction no identifier, which each write needs, a
// large object's too. Anything else is rolled back: SET and LISTEN would be left to a pooler's
// other clients, and who lifted read-only may have written. What functions in a SELECT do that is
// no write (pg_notify, set_config for longer than the transaction) is committed with it.
#pragma once

#include <libpq-events.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/hangup_watch.h"
#include "base/unique_fd.h"
#include "pool/connection.h"
#include "pool/lease.h"
#include "postgres/adopted_connection.h"
#include "postgres/judged_server.h"
#include "postgres/options.h"
#include "postgres/query.h"
#include "postgres/transaction_watch.h"

namespace scidex::postgres {

// Commits the open transaction, unless it has written: then this is an error that says so.
inline constexpr const char* kCommitReads =
    "SELECT CASE WHEN pg_catalog.txid_current_if_assigned() IS NOT NULL THEN pg_catalog.format("
    "'a read-only lease has written in transaction %s, which is rolled back', "
    "pg_catalog.txid_current_if_assigned())::pg_catalog.int4 END; COMMIT";

// Used by one thread at a time, but for ShutDown().
class Session final : public pool::Connection {
 public:
  // Takes an open connection. `name` is the pool's, for the log.
  Session(std::string name, const SessionOptions& options, PgConnPtr connection,
          std::shared_ptr<base::HangupWatch> hangups);
  ~Session() override;

  // The session behind a lease of a pool whose connector is a SessionConnector.
  static Session& Of(const pool::Lease& lease);

  bool IsAlive(LivenessCheck check) noexcept override;
  pool::Prepared Prepare(base::TimePoint deadline,
                         const base::CallSite& borrower) noexcept override;
  pool::Recycled Recycle(base::Duration within) noexcept override;
  void Observe(pool::SessionObserver* observer) noexcept override;

  // For borrowers: the connection as libpqxx knows it. It never reconnects.
  PqxxConnection& pqxx() { return adopted_.get(); }
  // The connection as libpq knows it; null once it was closed through libpqxx. Stays the session's.
  PGconn* raw() const { return adopted_.raw(); }
  // A query under a deadline, outside of libpqxx.
  QueryResult Query(const char* sql, base::TimePoint deadline, const std::stop_token& stop = {});

  // The same, for a write that is expected to be refused: it is no violation.
  QueryResult QueryRefused(const char* sql, base::TimePoint deadline,
                           const std::stop_token& stop = {});

  // The same, for a query of our own: what it does is not held against the borrower, and if it
  // began a transaction, that one is READ ONLY.
  QueryResult QueryOfOurs(const char* sql, base::TimePoint deadline,
                          const std::stop_token& stop = {});

  // Has read-only enforced by transaction: there is a pooler in between. Before the first
  // Prepare().
  void EnforceByTransaction() { by_transaction_ = true; }
  bool by_transaction() const { return by_transaction_; }
  // Where that is so: begins a READ ONLY transaction, in place of the one that there may be, and
  // has it take its snapshot, after which PostgreSQL refuses to lift READ ONLY. kOk if the session
  // is in it.
  QueryResult BeginReadOnly(base::TimePoint deadline);
  // The same, but for the first call after Prepare() that finds its transaction as it was begun.
  QueryResult EnterReadOnly(base::TimePoint deadline);

  // Has its transactions be of the level repeatable read unless a borrower asks for another one,
  // also after a reset: a standby refuses every statement of a serializable transaction.
  QueryResult AvoidSerializable(base::TimePoint deadline);

  std::int64_t backend_pid() const noexcept override { return PQbackendPID(raw()); }
  // Whether `pid`, by pg_backend_pid(), is that of the process that the session was opened with:
  // behind a pooler it is another one's.
  bool IsOfBackend(const std::string& pid) const {
    return pid == std::to_string(PQbackendPID(raw()));
  }
  // When its server was started, in microseconds since the epoch; 0 if that is not known.
  std::int64_t server_started() const { return server_started_; }
  void SetServerStarted(std::int64_t started) { server_started_ = started; }
  // From now on Prepare() admits it only while its server may be the one that is judged.
  void Follow(std::shared_ptr<const JudgedServer> judged) { judged_ = std::move(judged); }

  // For a transaction that libpqxx begins READ ONLY: the next BEGIN is that one, or is to come no
  // more.
  void ExpectBegin(bool expected);
  // Asks the server, if a borrower may have lifted READ ONLY in the transaction that it is about to
  // commit; costs nothing otherwise.
  void BeforeCommit();
  // The transaction that is open was begun by the caller, READ ONLY, and has done nothing yet: it
  // is committed at the release if only reads come after this.
  void ExpectReads() { only_reads_ = true; }

  // Ends whatever call is blocked on this session, and the session with it. Thread-safe.
  void ShutDown() noexcept;

  // What the server reports of these settings; empty where it does not report them.
  std::optional<bool> ReportedReadOnly() const { return Reported("default_transaction_read_only"); }
  std::optional<bool> ReportedInRecovery() const { return Reported("in_hot_standby"); }

 private:
  std::optional<bool> Reported(const char* setting) const;
  static bool ConsumePending(PGconn* connection) noexcept;
  bool MovedToAnotherKindOfServer() const;
  pool::Recycled TryRecycle(base::Duration within);
  pool::Recycled Clean(PGTransactionStatusType transaction, SessionReset reset,
                       base::TimePoint deadline);
  // The open transaction may be committed, unless the server says that it has written.
  bool HasOnlyRead() const;
  // read_only.cc
  pool::Prepared ProveReadOnly(base::TimePoint deadline);
  pool::Prepared SetReadOnly(base::TimePoint deadline);
  pool::Prepared Judge(const QueryResult& answer, bool proven, pool::ReadOnlyProof proof);
  void OnRefusedWrite(const char* message);
  // By the command's tag, of a result without an error.
  void LookForWrite(const PGresult* result);
  // By the same, and by the setting that is reported.
  void LookForTampering(const PGresult* result);
  void LookForTamperingAtTheEnd();
  void AskOfOpenTransaction(base::TimePoint deadline);
  void Report(TransactionWatch::Shown shown);
  // Of a result in a transaction in which only reads are expected.
  static bool IsOfRead(const PGresult* result);
  // Once a lease.
  void ReportTampering(const char* what);

  // libpq's hooks; the last argument of the one and the first of the other is the session.
  static int OnEvent(PGEventId id, void* info, void* session);
  static void OnNotice(void* session, const PGresult* notice);

  const std::string name_;
  const bool read_only_;
  const SessionReset reset_;
  AdoptedConnection adopted_;
  // A second descriptor of the socket, which libpq cannot close and the system cannot give to
  // somebody else while a watchdog may still want to shut it down.
  const base::UniqueFd socket_;
  pool::SessionObserver* observer_ = nullptr;
  // Set by the watch.
  std::atomic<bool> peer_gone_{false};
  const std::shared_ptr<base::HangupWatch> hangups_;
  std::optional<base::HangupWatch::Guard> hangup_;
  // The server is to be in recovery, or was when the session was opened.
  const bool expects_recovery_;
  bool by_transaction_ = false;
  // What it is by, if by_transaction_, while the session is lent; and whether it has been entered.
  bool in_read_only_transaction_ = false;
  bool entered_ = false;
  bool avoids_serializable_ = false;
  std::int64_t server_started_ = 0;
  std::shared_ptr<const JudgedServer> judged_;
  // The open transaction was begun here and has only read.
  bool only_reads_ = false;
  bool refusal_expected_ = false;
  // Between Prepare() and Recycle(), but for the time of a query of our own.
  bool watched_ = false;
  bool tampering_reported_ = false;
  TransactionWatch watch_;
  // The result before this one asked for the rows of a COPY.
  bool copying_in_ = false;
  base::CallSite borrower_;
  PQnoticeReceiver libpqxx_notices_ = nullptr;
  // The server announced that it ends the session.
  bool server_closing_ = false;
};

}  // namespace scidex::postgres
