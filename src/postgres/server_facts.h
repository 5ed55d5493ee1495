// Reads what a server says of itself: in one query, and where the server refuses that one, fact by
// fact.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/enum.h"
#include "base/mutex.h"
#include "base/time.h"
#include "postgres/judged_server.h"
#include "postgres/session.h"
#include "routing/evidence.h"

namespace scidex::postgres {

// What is asked for besides whether the server is in recovery. Each can be refused alone.
enum class Fact {
  kBackend,
  kSystemIdentifier,
  kInstance,
  kWalPosition,
  kTimeline,
  kTransactions,
  kReplayedAll,
  kWalReceiver,
  kLastReplay,
  kReadOnlyByDefault,
  kConnections,
  kQueriedLag,
};

}  // namespace scidex::postgres

template <>
struct scidex::base::EnumNames<scidex::postgres::Fact> {
  static constexpr std::array<std::string_view, 12> kNames{"backend pid",
                                                           "system identifier",
                                                           "start time",
                                                           "WAL position",
                                                           "timeline",
                                                           "completed transactions",
                                                           "received WAL",
                                                           "WAL receiver",
                                                           "time of the last replayed transaction",
                                                           "default_transaction_read_only",
                                                           "connections",
                                                           "probe.lag_query"};
};

namespace scidex::postgres {

struct FactsOptions {
  // Of the server, for the log.
  std::string name;
  // Reads catalogs that some services close to ordinary roles.
  bool connections = false;
  // Told which server is judged. Null: nobody is.
  std::shared_ptr<JudgedServer> judged = nullptr;
  // SQL of the operator's that gives a replica's lag in seconds, NULL if it is unknown. Empty:
  // none.
  std::string lag_query = {};
  // Where sessions will be opened to.
  std::optional<routing::ServerAddress> expected = std::nullopt;
};

// Of one server. A fact that was refused is asked for again after ten minutes. Thread-safe. Only
// for connections that a SessionConnector opened.
class FactsReader final : public routing::ServerInspector {
 public:
  FactsReader(FactsOptions options, base::Clock& clock);

  routing::Inspection Inspect(pool::Connection& connection, base::TimePoint deadline,
                              const std::stop_token& stop) override;
  std::optional<routing::ServerAddress> Expected() const override { return options_.expected; }
  void OnJudged() override;
  bool IsElsewhere(const pool::Connection& connection) const override;
  // As Inspect().
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
  // False if the session is of no use any more, or there is no time left.
  bool AddFact(Fact fact, Session& session, base::TimePoint deadline, const std::stop_token& stop,
               routing::ServerFacts& facts);
  void OnRefused(Fact fact, const QueryResult& refusal);
  void OnAnswered(Fact fact);

  const FactsOptions options_;
  base::Clock& clock_;
  // When the server that answered last was started.
  std::atomic<std::int64_t> server_started_{0};
  mutable base::Mutex mutex_;
  base::EnumArray<Fact, base::TimePoint> ask_again_ SCIDEX_GUARDED_BY(mutex_);
  // Was refused when it was last asked for: the log says so once.
  Facts refused_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::postgres
