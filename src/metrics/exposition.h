// The response to a scrape.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <prometheus/collectable.h>

#include "base/clock.h"
#include "base/time.h"
#include "metrics/collector.h"
#include "metrics/snapshot.h"
#include "metrics/text_exposition.h"

namespace scidex::metrics {

// One scrape.
struct Scrape {
  TextFormat format;
  // Set by the first collector that needs it, so that all of them export the same instant.
  // Not on the stack: threads of civetweb have 100 KiB.
  std::unique_ptr<const Snapshot> database;
};

// The families of all collectors, and its own: the duration of scrapes and failures of collectors.
class Exposition {
 public:
  // `clock` must outlive the exposition.
  explicit Exposition(base::Clock& clock = base::RealClock());
  Exposition(const Exposition&) = delete;
  Exposition& operator=(const Exposition&) = delete;

  // `name` is the value of the label `collector`. Not thread-safe; call before the first Render().
  void Add(std::string name, std::shared_ptr<const prometheus::Collectable> collector);
  void Add(std::string name, std::shared_ptr<const Collector> collector);
  // As above, for a function that appends its own text.
  using AppendTo = std::function<void(Scrape& scrape, std::string& out)>;
  void Add(std::string name, AppendTo append);

  // If a collector throws, the error is logged and counted, and only its families are missing.
  //
  // Thread-safe. Calls run concurrently.
  std::string Render(TextFormat format = TextFormat::kPrometheus);

 private:
  struct Entry {
    std::string name;
    AppendTo append;
    std::atomic<std::uint64_t> errors{0};
  };

  ExpositionStats Stats() const;
  static void Append(Entry& entry, Scrape& scrape, std::string& out);

  base::Clock& clock_;
  std::atomic<base::Duration> last_scrape_{base::Duration::zero()};
  // Size of the last text, to reserve memory for the next.
  std::atomic<std::size_t> last_size_{0};
  // A deque does not move its entries.
  std::deque<Entry> entries_;
  std::unique_ptr<const Collector> own_;
};

}  // namespace scidex::metrics
