// A libpqxx connection around a libpq handle that was opened without libpqxx.
//
// libpqxx 6 reconnects by itself if it finds the connection broken: through PQreset or its
// connection policy, without a deadline and without the session's settings, so that a write that is
// retried often enough commits on a session believed to be read-only. The policy used here hands
// over its handle once and never opens another. libpqxx 7 does not reconnect.
#pragma once

#include <pqxx/pqxx>
#include <pqxx/version>

#include <optional>
#include <utility>

#include "postgres/libpq.h"

#if PQXX_VERSION_MAJOR < 6 || (PQXX_VERSION_MAJOR == 6 && PQXX_VERSION_MINOR < 4)
#error "libpqxx 6.4 or later is needed"
#endif

namespace scidex::postgres {

#if PQXX_VERSION_MAJOR == 6

using PqxxConnection = pqxx::connection_base;

class HandOverOnce final : public pqxx::connectionpolicy {
 public:
  explicit HandOverOnce(PGconn* connection) : pqxx::connectionpolicy(""), connection_(connection) {}

  handle do_startconnect(handle present) override;
  handle do_completeconnect(handle present) override { return present; }
  // The handle stays with its owner; libpqxx drops its reference permanently.
  handle do_dropconnect(handle) noexcept override { return Drop(); }
  handle do_disconnect(handle) noexcept override { return Drop(); }
  bool is_ready(handle) const noexcept override { return true; }

  bool dropped() const { return dropped_; }

 private:
  handle Drop() noexcept {
    dropped_ = true;
    return nullptr;
  }

  PGconn* connection_;
  bool dropped_ = false;
};

class AdoptedConnection final {
 public:
  // `connection` must be open.
  explicit AdoptedConnection(PgConnPtr connection) : connection_(std::move(connection)) {
    ForgetSession();
  }
  AdoptedConnection(const AdoptedConnection&) = delete;
  AdoptedConnection& operator=(const AdoptedConnection&) = delete;

  PqxxConnection& get() { return *pqxx_; }
  // Null once libpqxx has dropped or closed it.
  PGconn* raw() const { return pqxx_ && !pqxx_->dropped() ? connection_.get() : nullptr; }
  // After DISCARD ALL: libpqxx 6 remembers which statements it has prepared and which settings it
  // has made, and would not prepare a statement of the same name again.
  void ForgetSession() { pqxx_.emplace(connection_.get()); }

 private:
  class Pqxx final : public pqxx::connection_base {
   public:
    explicit Pqxx(PGconn* connection) : pqxx::connection_base(policy_), policy_(connection) {
      init();
    }
    Pqxx(const Pqxx&) = delete;
    Pqxx& operator=(const Pqxx&) = delete;
    ~Pqxx() noexcept { close(); }

    bool dropped() const { return policy_.dropped(); }

   private:
    HandOverOnce policy_;
  };

  PgConnPtr connection_;
  // Always at the same address, to which a borrower's objects may still refer.
  std::optional<Pqxx> pqxx_;
};

#else

using PqxxConnection = pqxx::connection;

class AdoptedConnection final {
 public:
  // `connection` must be open.
  explicit AdoptedConnection(PgConnPtr connection)
      : raw_(connection.get()),
        connection_(PqxxConnection::seize_raw_connection(connection.release())) {}
  AdoptedConnection(const AdoptedConnection&) = delete;
  AdoptedConnection& operator=(const AdoptedConnection&) = delete;

  PqxxConnection& get() { return connection_; }
  // Null once libpqxx has closed it.
  PGconn* raw() const { return connection_.is_open() ? raw_ : nullptr; }
  // After DISCARD ALL: libpqxx 7 remembers nothing of the session.
  void ForgetSession() {}

 private:
  PGconn* raw_;
  PqxxConnection connection_;
};

#endif

}  // namespace scidex::postgres
