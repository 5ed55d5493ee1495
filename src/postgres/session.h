// One session with a PostgreSQL server, as a pool holds it and as a borrower uses it.
//
// A read-only session is opened with default_transaction_read_only=on in its startup packet, and
// shown to have it on every acquire: by the server's own report where the server reports that
// setting (PostgreSQL 14 and later; no round trip), by setting it again where not, or where the
// report says that a borrower switched it off.
#pragma once

#include <libpq-events.h>

#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "pool/connection.h"
#include "pool/lease.h"
#include "postgres/adopted_connection.h"
#include "postgres/options.h"
#include "postgres/query.h"

namespace scidex::postgres {

// Used by one thread at a time, but for ShutDown().
class Session final : public pool::Connection {
 public:
  // Takes an open connection. `name` is the pool's, for the log.
  Session(std::string name, const SessionOptions& options, PgConnPtr connection);
  ~Session() override;

  // The session behind a lease of a pool whose connector is a SessionConnector.
  static Session& Of(const pool::Lease& lease);

  bool IsAlive() noexcept override;
  pool::Prepared Prepare(base::TimePoint deadline,
                         const base::CallSite& borrower) noexcept override;
  bool Recycle(base::Duration within) noexcept override;
  void Observe(pool::SessionObserver* observer) noexcept override { observer_ = observer; }

  // For borrowers: the connection as libpqxx knows it. It never reconnects.
  PqxxConnection& pqxx() { return adopted_.get(); }
  // The connection as libpq knows it; null once it was closed through libpqxx. Stays the session's.
  PGconn* raw() const { return adopted_.raw(); }
  // A query under a deadline, outside of libpqxx.
  QueryResult Query(const char* sql, base::TimePoint deadline, const std::stop_token& stop = {});

  // Ends whatever call is blocked on this session, and the session with it. Thread safe.
  void ShutDown() noexcept;

  // Whether the server reports default_transaction_read_only, and what it says.
  std::optional<bool> ReportedReadOnly() const;

 private:
  bool ConsumePending(PGconn* connection) noexcept;
  pool::Prepared SetReadOnly(base::TimePoint deadline);
  void OnRefusedWrite(const char* message);
  void ReportTampering();

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
  base::CallSite borrower_;
  PQnoticeReceiver libpqxx_notices_ = nullptr;
  // The server announced that it ends the session.
  bool doomed_ = false;
};

}  // namespace scidex::postgres
