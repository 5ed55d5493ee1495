#include "config/keys.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/enum.h"
#include "config/duration.h"

namespace scidex::config {
namespace {

using base::Duration;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Database = database::DatabaseOptions;
using Texts = std::vector<std::string>;

constexpr hours kLongest(24 * 365);
constexpr const char* kPathOfFile = "the path of a file";

// Returns the field of a draft that holds a value of type T.
template <typename T>
using FieldOf = std::function<T&(Draft&)>;

// A field of a section of the options of the database.
template <typename Section, typename T>
FieldOf<T> In(Section Database::*section, T Section::*field) {
  return [section, field](Draft& d) -> T& { return d.config.database.*section.*field; };
}

template <typename Bound>
std::string Range(const Bound& least, const Bound& most) {
  if constexpr (std::is_same_v<Bound, Duration>) {
    return FormatDuration(least) + " to " + FormatDuration(most);
  } else {
    return std::to_string(least) + " to " + std::to_string(most);
  }
}

// A key with one value. `parse` returns nothing if the text is invalid.
template <typename T, typename Parse, typename Format>
Key Scalar(std::string path, std::string expected, const FieldOf<T>& field, Parse parse,
           Format format) {
  Key key;
  key.path = std::move(path);
  key.expected = std::move(expected);
  key.set = [field, parse](const Texts& texts, Draft& draft) {
    const std::optional<T> value = parse(texts.front());
    if (value) field(draft) = *value;
    return value.has_value();
  };
  key.get = [field, format](const Draft& draft) {
    // The draft is only read.
    return Texts{
        format(field(const_cast<Draft&>(draft)))};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  };
  return key;
}

template <typename Integer>
Key Count(std::string path, Integer least, Integer most, const FieldOf<Integer>& field) {
  const std::string range = Range(least, most);
  Key key = Scalar<Integer>(
      std::move(path), "a whole number from " + range, field,
      [least, most](const std::string& text) -> std::optional<Integer> {
        Integer value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole =
            error == std::errc() && end == text.data() + text.size() && !text.empty();
        if (!whole || value < least || value > most) return std::nullopt;
        return value;
      },
      [](Integer value) { return std::to_string(value); });
  key.values = range;
  return key;
}

Key Time(std::string path, Duration least, Duration most, const FieldOf<Duration>& field) {
  const std::string range = Range(least, most);
  Key key = Scalar<Duration>(
      std::move(path), "a duration from " + range + " with a unit, such as 500ms, 5s or 1m30s",
      field,
      [least, most](const std::string& text) -> std::optional<Duration> {
        const std::optional<Duration> value = ParseDuration(text);
        if (!value || *value < least || *value > most) return std::nullopt;
        return value;
      },
      &FormatDuration);
  key.values = range;
  return key;
}

// A duration, or "auto", which is stored as no value.
Key TimeOrAuto(std::string path, Duration least, Duration most,
               const FieldOf<std::optional<Duration>>& field) {
  using Value = std::optional<Duration>;
  const std::string range = Range(least, most);
  Key key = Scalar<Value>(
      std::move(path),
      "auto, or a duration from " + range + " with a unit, such as 500ms, 5s or 1m30s", field,
      [least, most](const std::string& text) -> std::optional<Value> {
        if (text == "auto") return Value();
        const Value value = ParseDuration(text);
        if (!value || *value < least || *value > most) return std::nullopt;
        return value;
      },
      [](const Value& value) { return value ? FormatDuration(*value) : "auto"; });
  key.values = "auto, or " + range;
  return key;
}

template <typename E>
Key OneOf(std::string path, const FieldOf<E>& field) {
  Key key = Scalar<E>(
      std::move(path), "one of " + base::JoinedNames<E>(), field,
      [](const std::string& text) { return base::ParseEnum<E>(text); },
      [](E value) { return std::string(base::Name(value)); });
  key.values = base::JoinedNames<E>();
  return key;
}

Key Bool(std::string path, const FieldOf<bool>& field) {
  Key key = Scalar<bool>(
      std::move(path), "true or false", field,
      [](const std::string& text) -> std::optional<bool> {
        if (text == "true") return true;
        if (text == "false") return false;
        return std::nullopt;
      },
      [](bool value) -> std::string { return value ? "true" : "false"; });
  key.values = key.expected;
  return key;
}

Key Text(std::string path, std::string expected, const FieldOf<std::string>& field) {
  return Scalar<std::string>(
      std::move(path), std::move(expected), field,
      [](const std::string& text) -> std::optional<std::string> { return text; },
      [](const std::string& text) { return text; });
}

Key Dsn(std::string path, const FieldOf<base::Secret>& field) {
  Key key = Scalar<base::Secret>(
      std::move(path), "a connection string, such as postgresql://app@db:5432/shop", field,
      [](const std::string& text) -> std::optional<base::Secret> { return base::Secret(text); },
      [](const base::Secret& dsn) { return dsn.Reveal(); });
  key.secret = true;
  return key;
}

Key Addresses(std::string path, const FieldOf<Texts>& field) {
  Key key;
  key.path = std::move(path);
  key.shape = Shape::kList;
  key.expected = "a list of addresses, such as [\":19187\"], or [] to listen nowhere";
  key.set = [field](const Texts& texts, Draft& draft) {
    field(draft) = texts;
    return true;
  };
  key.get = [field](const Draft& draft) {
    return field(const_cast<Draft&>(draft));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  };
  return key;
}

Key Names(std::string path, const std::string& expected, const FieldOf<Texts>& field) {
  Key key = Addresses(std::move(path), field);
  key.expected = expected;
  key.set = [field](const Texts& texts, Draft& draft) {
    field(draft) = texts;
    return std::ranges::all_of(texts, &IsHostName);
  };
  return key;
}

Key QuerySets() {
  Key key;
  key.path = "query_sets";
  key.shape = Shape::kList;
  key.words = QuerySetNames();
  key.expected = "a list of";
  for (const std::string& name : QuerySetNames()) key.expected += " " + name;
  key.expected += ", each at most once";
  key.set = [](const Texts& texts, Draft& draft) {
    const Texts names = QuerySetNames();
    const bool known = std::all_of(texts.begin(), texts.end(), [&](const std::string& text) {
      return std::count(names.begin(), names.end(), text) == 1 &&
             std::count(texts.begin(), texts.end(), text) == 1;
    });
    if (known) draft.query_sets = texts;
    return known;
  };
  key.get = [](const Draft& draft) { return draft.query_sets; };
  return key;
}

Key TelemetryPath() {
  Key key =
      Text("web.telemetry_path",
           "a path that begins with /, needs no encoding in a URL and has no other use in the "
           "server, such as /metrics",
           [](Draft& d) -> auto& { return d.config.telemetry_path; });
  const auto take = key.set;
  key.set = [take](const Texts& texts, Draft& draft) {
    return IsTelemetryPath(texts.front()) && take(texts, draft);
  };
  return key;
}

// Adds the keys of one pool. `pool` returns it from a draft.
void AddPool(std::vector<Key>& keys, const std::string& name,
             const FieldOf<pool::PoolOptions>& pool) {
  const auto path = [&](const char* key) { return "pools." + name + "." + key; };
  const auto time = [&](const char* key, Duration least, Duration most,
                        Duration pool::PoolOptions::*field) {
    keys.push_back(
        Time(path(key), least, most, [pool, field](Draft& d) -> auto& { return pool(d).*field; }));
  };
  const auto count = [&](const char* key, std::size_t least, std::size_t most,
                         std::size_t pool::PoolOptions::*field) {
    keys.push_back(Count<std::size_t>(path(key), least, most,
                                      [pool, field](Draft& d) -> auto& { return pool(d).*field; }));
  };
  using Options = pool::PoolOptions;
  count("min_idle", 0, 10'000, &Options::min_idle);
  count("max_size", 1, 10'000, &Options::max_size);
  count("max_waiters", 1, 1'000'000, &Options::max_waiters);
  time("acquire_timeout", milliseconds(1), hours(1), &Options::acquire_timeout);
  time("connect_timeout", milliseconds(10), hours(1), &Options::connect_timeout);
  time("reset_timeout", milliseconds(1), hours(1), &Options::reset_timeout);
  keys.push_back(TimeOrAuto(path("handoff_after"), milliseconds(0), hours(1),
                            [pool](Draft& d) -> auto& { return pool(d).handoff_after; }));
  time("idle_timeout", seconds(0), kLongest, &Options::idle_timeout);
  time("max_lifetime", seconds(0), kLongest, &Options::max_lifetime);
  time("leak_after", seconds(0), kLongest, &Options::leak_after);
  keys.push_back(Time(path("backoff_initial"), milliseconds(1), hours(1),
                      [pool](Draft& d) -> auto& { return pool(d).backoff.initial; }));
  keys.push_back(Time(path("backoff_cap"), milliseconds(1), hours(1),
                      [pool](Draft& d) -> auto& { return pool(d).backoff.cap; }));
}

// Adds pools.defaults, with the keys of every pool.
void AddPoolDefaults(std::vector<Key>& keys) {
  const std::size_t first = keys.size();
  AddPool(keys, "defaults", [](Draft& d) -> auto& { return d.pool_defaults; });
  for (std::size_t i = first; i < keys.size(); ++i) {
    const std::string leaf = keys[i].path.substr(keys[i].path.rfind('.'));
    for (const char* pool : {"pools.primary", "pools.ro", "pools.ro_fallthrough"})
      keys[i].default_of.push_back(pool + leaf);
  }
}

std::vector<Key> WebKeys() {
  return {
      Addresses("web.listen_addresses",
                [](Draft& d) -> auto& { return d.config.web.listen_addresses; }),
      Names("web.allowed_hosts", "a list of host names without ports, such as [exporter.example]",
            [](Draft& d) -> auto& { return d.config.web.allowed_hosts; }),
      TelemetryPath(),
      Text("web.config_file", kPathOfFile,
           [](Draft& d) -> auto& { return d.config.web_config_file; }),
      Bool("web.enable_lifecycle", [](Draft& d) -> auto& { return d.config.enable_lifecycle; }),
      Count<int>("web.max_requests", 0, 1000,
                 [](Draft& d) -> auto& { return d.config.web.max_requests; }),
  };
}

// The log, and the file of metrics.
std::vector<Key> FileKeys() {
  return {
      OneOf<base::LogLevel>("log.level", [](Draft& d) -> auto& { return d.config.log.level; }),
      OneOf<base::LogFormat>("log.format", [](Draft& d) -> auto& { return d.config.log.format; }),
      OneOf<base::Journald>("log.journald",
                            [](Draft& d) -> auto& { return d.config.log.journald; }),
      Text("textfile.path", "the path of a file that ends in .prom",
           [](Draft& d) -> auto& { return d.config.textfile_path; }),
      Time("textfile.interval", seconds(1), minutes(1),
           [](Draft& d) -> auto& { return d.config.textfile_interval; }),
  };
}

std::vector<Key> ServerKeys() {
  return {
      Dsn("primary.dsn", [](Draft& d) -> auto& { return d.primary.dsn; }),
      Text("primary.password_file", kPathOfFile,
           [](Draft& d) -> auto& { return d.primary.password_file; }),
      Dsn("replica.dsn", [](Draft& d) -> auto& { return d.replica.dsn; }),
      Text("replica.password_file", kPathOfFile,
           [](Draft& d) -> auto& { return d.replica.password_file; }),
      Text("session.application_name", "a name",
           [](Draft& d) -> auto& { return d.session.application_name; }),
      OneOf<postgres::SessionReset>("session.reset",
                                    [](Draft& d) -> auto& { return d.session.reset; }),
  };
}

std::vector<Key> RoutingKeys() {
  using Options = routing::RoutingOptions;
  return {
      OneOf<routing::Fallthrough>("read_only.fallthrough",
                                  In(&Database::routing, &Options::fallthrough)),
      Bool("read_only.fallthrough_expected",
           In(&Database::routing, &Options::fallthrough_expected)),
      Time("read_only.max_lag", seconds(0), kLongest, In(&Database::routing, &Options::max_lag)),
      OneOf<routing::OnLag>("read_only.on_lag", In(&Database::routing, &Options::on_lag)),
      Time("read_only.max_stale_lag", seconds(0), kLongest,
           In(&Database::routing, &Options::max_stale_lag)),
      Count<std::size_t>("read_only.good_probes", 1, 1000,
                         In(&Database::routing, &Options::good_probes)),
  };
}

std::vector<Key> ProbeKeys() {
  using Options = control::ProbeOptions;
  return {
      Time("probe.interval", milliseconds(10), hours(1), In(&Database::probe, &Options::interval)),
      Time("probe.timeout", milliseconds(10), hours(1), In(&Database::probe, &Options::timeout)),
      Time("probe.new_session_interval", milliseconds(10), hours(1),
           In(&Database::probe, &Options::new_session_interval)),
      Text("probe.lag_query", "a query", In(&Database::probe, &Options::lag_query)),
      Time("probe.canary_interval", seconds(0), kLongest,
           In(&Database::probe, &Options::canary_interval)),
  };
}

std::vector<Key> AutoscalerKeys() {
  using Options = control::AutoscalerOptions;
  return {
      OneOf<control::AutoscalerMode>("autoscaler.mode", In(&Database::autoscaler, &Options::mode)),
      Time("autoscaler.interval", milliseconds(10), hours(1),
           In(&Database::autoscaler, &Options::interval)),
      Time("autoscaler.wait_threshold", milliseconds(0), hours(1),
           In(&Database::autoscaler, &Options::wait_threshold)),
      Time("autoscaler.shrink_after", milliseconds(100), kLongest,
           In(&Database::autoscaler, &Options::shrink_after)),
      Count<std::size_t>("autoscaler.server_reserve", 0, 10'000,
                         In(&Database::autoscaler, &Options::server_reserve)),
  };
}

Key LogIntervalOfPools() {
  return Time("pool_logger.interval", seconds(1), kLongest,
              In(&Database::pool_logger, &control::PoolLoggerOptions::interval));
}

Key ConnectsPerServer() {
  return Count<std::size_t>("connects_per_server", 1, 64, [](Draft& d) -> auto& {
    return d.config.database.connects_per_server;
  });
}

Key ShutdownTimeout() {
  return Time("shutdown_timeout", milliseconds(100), hours(1),
              [](Draft& d) -> auto& { return d.config.shutdown_timeout; });
}

// The keys of the pools, and before them those of their defaults.
std::vector<Key> PoolKeys() {
  std::vector<Key> keys;
  AddPoolDefaults(keys);
  AddPool(keys, "primary", [](Draft& d) -> auto& { return d.config.database.primary_pool; });
  AddPool(keys, "ro", [](Draft& d) -> auto& { return d.config.database.ro_pool; });
  AddPool(keys, "ro_fallthrough",
          [](Draft& d) -> auto& { return d.config.database.ro_fallthrough_pool; });
  return keys;
}

std::vector<Key> MakeKeys() {
  std::vector<Key> all;
  const auto add = [&all](std::vector<Key> keys) {
    all.insert(all.end(), std::make_move_iterator(keys.begin()),
               std::make_move_iterator(keys.end()));
  };
  add(WebKeys());
  add(FileKeys());
  add(ServerKeys());
  add(RoutingKeys());
  add(ProbeKeys());
  all.push_back(LogIntervalOfPools());
  add(AutoscalerKeys());
  all.push_back(QuerySets());
  all.push_back(ConnectsPerServer());
  all.push_back(ShutdownTimeout());
  add(PoolKeys());
  return all;
}

}  // namespace

const std::vector<Key>& Keys() {
  static const std::vector<Key> kKeys = MakeKeys();
  return kKeys;
}

const Key* FindKey(const std::string& path) {
  const auto found =
      std::find_if(Keys().begin(), Keys().end(), [&](const Key& key) { return key.path == path; });
  return found == Keys().end() ? nullptr : &*found;
}

}  // namespace scidex::config
