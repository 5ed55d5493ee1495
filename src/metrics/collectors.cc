#include "metrics/collectors.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/joined.h"
#include "base/log.h"
#include "metrics/collector.h"
#include "metrics/query_collector.h"

namespace scidex::metrics {

namespace {

void WarnOfUnknown(const Snapshot& snapshot) {
  const std::string names = base::Joined(UnknownOfProcess(snapshot), " ");
  if (!names.empty())
    base::LogWarn(
        "the kernel does not report everything about this process, for example without "
        "/proc; these metrics are absent",
        {{"metrics", names}});
}

std::unique_ptr<const Snapshot> SnapshotOf(
    const std::function<database::DatabaseStats()>& database) {
  auto snapshot = std::make_unique<Snapshot>();
  static_cast<database::DatabaseStats&>(*snapshot) = database();
  return snapshot;
}

// A collector of a database. `append` gets the snapshot that all of them share.
template <typename Append>
Exposition::AppendTo OfDatabase(const Sources& sources, Append append) {
  return
      [database = sources.database, append = std::move(append)](Scrape& scrape, std::string& out) {
        if (!scrape.database) scrape.database = SnapshotOf(database);
        append(*scrape.database, scrape.format, out);
      };
}

}  // namespace

void AddCollectors(Exposition& exposition, const Sources& sources) {
  const auto add = [&exposition](const char* name, Part part, Collector::Source source) {
    exposition.Add(name, std::make_shared<const Collector>(part, std::move(source)));
  };
  const auto pools = std::make_shared<const Collector>(
      Part::kPools, [database = sources.database] { return *SnapshotOf(database); });
  exposition.Add("pools", OfDatabase(sources, [pools](const Snapshot& snapshot, TextFormat format,
                                                      std::string& out) {
                   pools->AppendText(snapshot, format, out);
                 }));
  // Created for each scrape, because its label values are not known in advance.
  exposition.Add("servers", OfDatabase(sources, [](const Snapshot& snapshot, TextFormat format,
                                                   std::string& out) {
                   const auto source = [&snapshot] { return snapshot; };
                   Collector(Part::kServers, source).AppendText(snapshot, format, out);
                 }));
  const auto queries = std::make_shared<QueryCollector>();
  exposition.Add("queries", OfDatabase(sources, [queries](const Snapshot& snapshot,
                                                          TextFormat format, std::string& out) {
                   queries->AppendText(snapshot, format, out);
                 }));
  add("exporter", Part::kExporter, [exporter = sources.exporter] {
    Snapshot snapshot;
    snapshot.exporter = exporter();
    return snapshot;
  });
  if (!sources.process) return;
  const auto process = [process = sources.process] {
    Snapshot snapshot;
    snapshot.process = process();
    return snapshot;
  };
  WarnOfUnknown(process());
  add("process", Part::kProcess, process);
}

}  // namespace scidex::metrics
