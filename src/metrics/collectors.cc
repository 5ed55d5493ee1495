#include "metrics/collectors.h"

#include <memory>

#include "metrics/collector.h"
#include "metrics/query_collector.h"

namespace scidex::metrics {

void AddCollectors(Exposition& exposition, const Sources& sources) {
  const auto add = [&exposition](const char* name, Part part, Collector::Source source) {
    exposition.Add(name, std::make_shared<const Collector>(part, std::move(source)));
  };
  add("pools", Part::kPools, [pools = sources.pools, control = sources.control] {
    Snapshot snapshot;
    snapshot.pools = pools();
    snapshot.control = control();
    return snapshot;
  });
  // Made for each scrape, as its labels are not known in advance.
  exposition.Add("servers", [control = sources.control](TextFormat format, std::string& out) {
    Snapshot snapshot;
    snapshot.control = control();
    Collector(Part::kServers, [&snapshot] { return snapshot; }).AppendText(snapshot, format, out);
  });
  exposition.Add("queries",
                 [queries = std::make_shared<QueryCollector>([control = sources.control] {
                    return control().queries;
                  })](TextFormat format, std::string& out) { queries->AppendText(format, out); });
  add("exporter", Part::kExporter, [exporter = sources.exporter] {
    Snapshot snapshot;
    snapshot.exporter = exporter();
    return snapshot;
  });
  add("process", Part::kProcess, [process = sources.process] {
    Snapshot snapshot;
    snapshot.process = process();
    return snapshot;
  });
}

}  // namespace scidex::metrics
