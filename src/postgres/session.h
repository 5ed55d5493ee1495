// A session with a PostgreSQL server, as held by a pool and used by a borrower.
//
// A read-only session is opened with default_transaction_read_only=on in its startup packet, and
// this is verified on every acquire: by the server's report of the setting (PostgreSQL 14 and
// later; no round trip), or by setting it again if the server does not report it or reports that a
// borrower switched it off.
//
// Behind a pooler, a setting would affect other clients, and reports would concern other sessions.
// There, each acquire begins a READ ONLY transaction, in which the borrower works until the
// release.
//
// If a transaction is open at the release: one that the borrower began is rolled back. One that was
// begun here (the one above, or that of RowStream) is committed, so that the server's statistics
// count a success, if the borrower ran only SELECT, SHOW, EXPLAIN and FETCH in it, none failed, and
// the server reports that it has not assigned a transaction ID, which every write requires, even
// one to a large object. Otherwise it is rolled back: SET and LISTEN would affect a pooler's other
// clients, and a borrower that lifted read-only may have written. Side effects of functions in a
// SELECT that are not writes (pg_notify, set_config beyond the transaction) are committed with it.
#pragma once

#include <libpq-events.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

// Commits the open transaction; raises an error instead if it has written.
inline constexpr const char* kCommitReads =
    "SELECT CASE WHEN pg_catalog.txid_current_if_assigned() IS NOT NULL THEN pg_catalog.format("
    "'a read-only lease has written in transaction %s, which is rolled back', "
    "pg_catalog.txid_current_if_assigned())::pg_catalog.int4 END; COMMIT";

// Must be used by one thread at a time, except for ShutDown().
class Session final : public pool::Connection {
 public:
  // `connection` must be open. `name` is the pool's name in the log.
  Session(std::string name, const SessionOptions& options, PgConnPtr connection,
          std::shared_ptr<base::HangupWatch> hangups);
  ~Session() override;

  // The session of a lease. The pool's connector must be a SessionConnector.
  static Session& Of(const pool::Lease& lease);

  bool IsAlive(LivenessCheck check) noexcept override;
  pool::Prepared Prepare(base::TimePoint deadline, const pool::StopSources& stop,
                         const pool::Borrower& borrower) noexcept override;
  pool::Recycled Recycle(base::Duration within) noexcept override;
  void Observe(pool::SessionObserver* observer) noexcept override;

  // The libpqxx connection, for borrowers. It never reconnects.
  PqxxConnection& pqxx() { return adopted_.get(); }
  // The libpq connection, owned by the session; null once it was closed through libpqxx.
  PGconn* raw() const { return adopted_.raw(); }
  // Runs a query under a deadline, without libpqxx.
  QueryResult Query(const char* sql, base::TimePoint deadline, const std::stop_token& stop = {});

  // The same, for a write that should be refused: the refusal is not counted as a violation.
  QueryResult QueryRefused(const char* sql, base::TimePoint deadline,
                           const std::stop_token& stop = {});

  // The same, for the exporter's own queries: their effects are not attributed to the borrower.
  // They may begin only READ ONLY transactions.
  QueryResult QueryOfOurs(const char* sql, base::TimePoint deadline,
                          const std::stop_token& stop = {});

  // Enforces read-only by transaction, because there is a pooler in between. Must be called before
  // the first Prepare(). `isolation` is the level of the transactions, in SQL; empty: the server's
  // default. PinIsolation() would set it for other clients of the pooler too.
  void EnforceByTransaction(std::string_view isolation) {
    by_transaction_ = true;
    isolation_ = isolation;
  }
  bool by_transaction() const { return by_transaction_; }
  // Whether the session was opened read-only.
  bool read_only() const { return read_only_; }
  // If by_transaction(): begins a READ ONLY transaction in place of any other, and has it take its
  // snapshot, after which PostgreSQL refuses to lift READ ONLY. Returns kOk if the session is in
  // it.
  QueryResult BeginReadOnly(base::TimePoint deadline, const std::stop_token& stop = {});
  // The same, but the first call after Prepare() uses that transaction if it is still open.
  QueryResult EnterReadOnly(base::TimePoint deadline);

  // Makes `isolation`, in SQL, the session's default isolation level, also after a reset and when
  // that of the server changes. Must not be called if by_transaction().
  QueryResult PinIsolation(std::string_view isolation, base::TimePoint deadline);

  std::int64_t backend_pid() const noexcept override { return PQbackendPID(raw()); }
  // Returns whether `pid`, from pg_backend_pid(), is the process with which the session was opened.
  // Behind a pooler it differs.
  bool IsOfBackend(const std::string& pid) const {
    return pid == std::to_string(PQbackendPID(raw()));
  }
  // Start time of the server in microseconds since the epoch; 0 if unknown.
  std::int64_t server_started() const { return server_started_; }
  void SetServerStarted(std::int64_t started) { server_started_ = started; }
  // From now on, Prepare() succeeds only while the session may belong to the judged server.
  void Follow(std::shared_ptr<const JudgedServer> judged) { judged_ = std::move(judged); }

  // For transactions that libpqxx begins READ ONLY: whether the next BEGIN is one of these.
  void ExpectBegin(bool expected);
  // Queries the server if the borrower may have lifted READ ONLY in the transaction that it is
  // about to commit; costs nothing otherwise.
  void BeforeCommit();
  // The caller has begun the open transaction READ ONLY and done nothing in it yet: the release
  // commits it if only reads follow.
  void ExpectReads() { only_reads_ = true; }

  // Shuts down the socket: a blocked call fails, and the session is unusable. Thread-safe.
  void ShutDown() noexcept;

  // The server's reports of these settings; empty if it does not report them.
  std::optional<bool> ReportedReadOnly() const { return Reported("default_transaction_read_only"); }
  std::optional<bool> ReportedInRecovery() const { return Reported("in_hot_standby"); }

 private:
  std::optional<bool> Reported(const char* setting) const;
  static bool ConsumePending(PGconn* connection) noexcept;
  bool MovedToAnotherKindOfServer() const;
  pool::Recycled TryRecycle(base::Duration within);
  pool::Recycled Clean(PGTransactionStatusType transaction, SessionReset reset,
                       base::TimePoint deadline);
  // Detects by the command tag of a successful result that the session's settings were reset.
  void CheckForReset(const PGresult* result);
  // The open transaction may be committed, unless the server reports that it has written.
  bool HasOnlyRead() const;

  // Defined in read_only.cc.
  pool::Prepared ProveReadOnly(base::TimePoint deadline, const pool::StopSources& stop);
  pool::Prepared SetReadOnly(base::TimePoint deadline, const std::stop_token& stop);
  pool::Prepared Judge(const QueryResult& answer, bool proven, pool::ReadOnlyProof proof);
  void OnRefusedWrite(const char* message);
  // Detects writes by the command tag of a successful result.
  void CheckForWrite(const PGresult* result);
  // Detects tampering by the command tag and by the reported setting.
  void CheckForTampering(const PGresult* result);
  void CheckForTamperingAtEnd();
  // Unless read-only is enforced by transaction.
  void CheckReportedSetting();
  // Those that have arrived, of a borrower that did not read them.
  void JudgeUnreadResults();
  bool HasUnreadResults() const;
  void AskOfOpenTransaction(base::TimePoint deadline);
  void Report(TransactionWatch::Shown shown);
  // "" if the result is not that of a complete command.
  static std::string_view TagOf(const PGresult* result);
  // Whether `result` is that of a read, in a transaction of reads.
  static bool IsOfRead(const PGresult* result);
  // At most once per lease.
  void ReportTampering(const char* what);

  // libpq's hooks; `session` is the Session.
  static int OnEvent(PGEventId id, void* info, void* session);
  static void OnNotice(void* session, const PGresult* notice);

  const std::string name_;
  const bool read_only_;
  const SessionReset reset_;
  AdoptedConnection adopted_;
  // A duplicate of the socket's descriptor. libpq cannot close it, and the system cannot reuse it
  // while a watchdog may still shut it down.
  const base::UniqueFd socket_;
  pool::SessionObserver* observer_ = nullptr;
  // Set by the hang-up watch.
  std::atomic<bool> peer_gone_{false};
  const std::shared_ptr<base::HangupWatch> hangups_;
  std::optional<base::HangupWatch::Guard> hangup_;
  // The server must be in recovery, or was when the session was opened.
  const bool expects_recovery_;
  bool by_transaction_ = false;
  // If by_transaction_: the session is in the READ ONLY transaction that Prepare() began;
  // EnterReadOnly() has been called for it.
  bool in_read_only_transaction_ = false;
  bool entered_ = false;
  // Of EnforceByTransaction() or PinIsolation().
  std::string isolation_;
  // The borrower may have changed what PinIsolation() set.
  bool unpinned_ = false;
  std::int64_t server_started_ = 0;
  std::shared_ptr<const JudgedServer> judged_;
  // The open transaction was begun here and has only read.
  bool only_reads_ = false;
  bool refusal_expected_ = false;
  // True between Prepare() and Recycle(), except during the exporter's own queries.
  bool watched_ = false;
  bool tampering_reported_ = false;
  TransactionWatch watch_;
  // The previous result requested the rows of a COPY.
  bool copying_in_ = false;
  pool::Borrower borrower_;
  PQnoticeReceiver libpqxx_notices_ = nullptr;
  // The server announced that it will end the session.
  bool server_closing_ = false;
};

}  // namespace scidex::postgres
