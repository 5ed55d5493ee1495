// What a scrape is answered with.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
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
  // Set by the first collector that needs it, so that all of them show the same instant.
  std::optional<Snapshot> database;
};

// The families of all collectors, and its own: how long a scrape takes, and which collectors
// failed.
class Exposition {
 public:
  // The clock outlives this.
  explicit Exposition(base::Clock& clock = base::RealClock());
  Exposition(const Exposition&) = delete;
  Exposition& operator=(const Exposition&) = delete;

  // `name` is the value of the label `collector`. Not thread safe: before the first Render().
  void Add(std::string name, std::shared_ptr<const prometheus::Collectable> collector);
  void Add(std::string name, std::shared_ptr<const Collector> collector);
  // The same for what appends text of its own.
  using AppendTo = std::function<void(Scrape& scrape, std::string& out)>;
  void Add(std::string name, AppendTo append);

  // A collector that throws costs its own families: it is logged and counted, and the others are
  // there.
  //
  // Thread safe; calls run side by side.
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
  // Of a text: about what the next one needs.
  std::atomic<std::size_t> last_size_{0};
  // A deque: entries stay where they are.
  std::deque<Entry> entries_;
  std::unique_ptr<const Collector> own_;
};

}  // namespace scidex::metrics
