#include "metrics/collectors.h"

#include <memory>
#include <string>

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

}  // namespace

void AddCollectors(Exposition& exposition, const Sources& sources) {
  const auto add = [&exposition](const char* name, Part part, Collector::Source source) {
    exposition.Add(name, std::make_shared<const Collector>(part, std::move(source)));
  };
  add("pools", Part::kPools, [database = sources.database] {
    Snapshot snapshot;
    static_cast<database::DatabaseStats&>(snapshot) = database();
    return snapshot;
  });
  // Created for each scrape, because its label values are not known in advance.
  exposition.Add("servers", [database = sources.database](TextFormat format, std::string& out) {
    Snapshot snapshot;
    static_cast<database::DatabaseStats&>(snapshot) = database();
    Collector(Part::kServers, [&snapshot] { return snapshot; }).AppendText(snapshot, format, out);
  });
  exposition.Add("queries",
                 [queries = std::make_shared<QueryCollector>([database = sources.database] {
                    return database().queries;
                  })](TextFormat format, std::string& out) { queries->AppendText(format, out); });
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
