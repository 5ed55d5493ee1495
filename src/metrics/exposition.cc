#include "metrics/exposition.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace scidex::metrics {

Exposition::Exposition(base::Clock& clock) : clock_(clock) {}

void Exposition::Add(std::string name, std::shared_ptr<const prometheus::Collectable> collector) {
  Add(std::move(name),
      AppendTo([collector = std::move(collector)](const Scrape& scrape, std::string& out) {
        WriteText(collector->Collect(), scrape.format, out);
      }));
}

void Exposition::Add(std::string name, std::shared_ptr<const Collector> collector) {
  Add(std::move(name),
      AppendTo([collector = std::move(collector)](const Scrape& scrape, std::string& out) {
        collector->AppendText(scrape.format, out);
      }));
}

void Exposition::Add(std::string name, AppendTo append) {
  Entry& entry = entries_.emplace_back();
  entry.name = std::move(name);
  entry.append = std::move(append);
  own_ = std::make_unique<const Collector>(Part::kExposition, [this] {
    Snapshot snapshot;
    snapshot.exposition = Stats();
    return snapshot;
  });
}

std::string Exposition::Render(TextFormat format) {
  const base::TimePoint start = clock_.Now();
  std::string text;
  text.reserve(last_size_.load(std::memory_order_relaxed));
  Scrape scrape{.format = format, .database = nullptr};
  for (Entry& entry : entries_) Append(entry, scrape, text);
  // Last, so that it includes failures of this call.
  if (own_) own_->AppendText(format, text);
  EndText(format, text);
  last_size_.store(text.size(), std::memory_order_relaxed);
  last_scrape_.store(clock_.Now() - start, std::memory_order_relaxed);
  return text;
}

void Exposition::Append(Entry& entry, Scrape& scrape, std::string& out) {
  const std::size_t before = out.size();
  std::string error;
  try {
    return entry.append(scrape, out);
  } catch (const std::exception& e) {
    error = e.what();
  } catch (...) {
    error = "not a std::exception";
  }
  out.resize(before);
  entry.errors.fetch_add(1, std::memory_order_relaxed);
  base::LogError("collector failed", {{"collector", entry.name}, {"error", error}});
}

ExpositionStats Exposition::Stats() const {
  ExpositionStats stats;
  stats.last_scrape = last_scrape_.load(std::memory_order_relaxed);
  for (const Entry& entry : entries_) {
    stats.collector_errors.emplace_back(entry.name, entry.errors.load(std::memory_order_relaxed));
  }
  return stats;
}

}  // namespace scidex::metrics
