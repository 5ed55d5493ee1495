// Reads facts about a server in one query; if the server refuses that, fact by fact.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/time.h"
#include "postgres/fact_sql.h"
#include "postgres/judged_server.h"
#include "postgres/session.h"
#include "routing/evidence.h"

namespace scidex::postgres {

struct FactsOptions {
  // The server's name in the log.
  std::string name;
  // Whether to read catalogs that some services deny to ordinary roles.
  bool connections = false;
  // Set to the judged server. May be null.
  std::shared_ptr<JudgedServer> judged = nullptr;
  // The operator's SQL for a replica's lag in seconds, NULL if unknown. Empty: none.
  std::string lag_query = {};
  // The address to which sessions will be opened.
  std::optional<routing::ServerAddress> expected = std::nullopt;
};

// Reads the facts of one server. A refused fact is requested again after ten minutes. Requires
// connections opened by a SessionConnector. Thread-safe.
class FactsReader final : public routing::ServerInspector {
 public:
  FactsReader(FactsOptions options, base::Clock& clock);

  routing::Inspection Inspect(pool::Connection& connection, base::TimePoint deadline,
                              const std::stop_token& stop) override;
  std::optional<routing::ServerAddress> Expected() const override { return options_.expected; }
  void OnAnswered() override;
  void OnJudged() override;
  bool IsElsewhere(const pool::Connection& connection) const override;
  // The same as Inspect().
  routing::Inspection Read(Session& session, base::TimePoint deadline,
                           const std::stop_token& stop = {});

 private:
  using Facts = base::EnumArray<Fact, bool>;

  routing::Inspection ReadAll(Session& session, base::TimePoint deadline,
                              const std::stop_token& stop);
  Facts Wanted() const;
  QueryResult Ask(Session& session, const Facts& wanted, base::TimePoint deadline,
                  const std::stop_token& stop) const;
  routing::Inspection ReadOneByOne(Session& session, const Facts& wanted, QueryResult refusal,
                                   base::TimePoint deadline, const std::stop_token& stop);
  // Returns false if the session is unusable or there is no time left.
  bool AddFact(Fact fact, Session& session, base::TimePoint deadline, const std::stop_token& stop,
               routing::ServerFacts& facts);
  void OnRefused(Fact fact, const QueryResult& refusal);
  void OnReported(Fact fact);

  const FactsOptions options_;
  base::Clock& clock_;
  // Start time of the server that answered last.
  std::atomic<std::int64_t> server_started_{0};
  mutable base::Mutex mutex_;
  base::EnumArray<Fact, base::TimePoint> ask_again_ SCIDEX_GUARDED_BY(mutex_);
  // Refused at the last attempt: logged only once.
  Facts refused_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::postgres
