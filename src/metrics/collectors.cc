#include "metrics/collectors.h"

#include <memory>
#include <string>

#include "base/log.h"
#include "metrics/collector.h"
#include "metrics/query_collector.h"

namespace scidex::metrics {

namespace {

void WarnOfUnknown(const Snapshot& snapshot) {
  std::string names;
  for (const std::string& name : UnknownOfProcess(snapshot))
    names.append(names.empty() ? "" : " ").append(name);
  if (!names.empty())
    base::LogWarn(
        "the kernel does not tell everything of this process, such as where there is no "
        "/proc; these metrics are absent",
        {{"metrics", names}});
}

}  // namespace

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
  exposition.Add("queries",
                 [queries = std::make_shared<QueryCollector>([control = sources.control] {
                    return control().queries;
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
