// One server in three ways: it reports the setting, it does not report it, or it is behind a
// pooler.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "integration/servers.h"
#include "support/pgbouncer.h"
#include "support/tcp_proxy.h"

namespace scidex::test {

enum class Way { kReported, kNotReported, kPooler };

inline const char* NameOf(Way way) {
  const char* const names[] = {"WhereReported", "WhereNotReported", "BehindAPooler"};
  return names[static_cast<std::size_t>(way)];
}

// Its table t, owned by the user app, is empty before and after each test.
class ThreeWays : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<PostgresServer>(ServerSettings{{"log_statement", "all"}});
    server_->Execute("CREATE TABLE t (a int); ALTER TABLE t OWNER TO app");
    proxy_ = std::make_unique<TcpProxy>(server_->port());
    proxy_->HideParameter("default_transaction_read_only");
    pooler_ = std::make_unique<PgBouncer>(*server_, "transaction");
  }
  static void TearDownTestSuite() {
    pooler_.reset();
    proxy_.reset();
    server_.reset();
  }
  void TearDown() override {
    EXPECT_EQ(server_->QueryOne("SELECT count(*) FROM t"), "0");
    server_->Execute("ALTER ROLE app RESET default_transaction_read_only");
  }

  static std::string Dsn(Way way) {
    switch (way) {
      case Way::kReported:
        return server_->Dsn();
      case Way::kNotReported:
        return proxy_->Dsn(server_->Dsn());
      case Way::kPooler:
        return pooler_->Dsn();
    }
    return "";
  }
  static database::DatabaseOptions OneSession(Way way) {
    database::DatabaseOptions options = OneReadSession(*server_, Dsn(way));
    options.probe.canary_interval = base::Duration::zero();
    return options;
  }
  inline static std::unique_ptr<PostgresServer> server_;
  inline static std::unique_ptr<TcpProxy> proxy_;
  inline static std::unique_ptr<PgBouncer> pooler_;
};

}  // namespace scidex::test
