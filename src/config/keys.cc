#include "config/keys.h"

#include <algorithm>
#include <charconv>
#include <optional>
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
using Texts = std::vector<std::string>;

// Returns the field of a draft that holds a value of type T.
template <typename T>
using Place = std::function<T&(Draft&)>;

// A key with one value. `parse` returns nothing if the text is invalid.
template <typename T, typename Parse, typename Format>
Key Scalar(std::string path, std::string expected, const Place<T>& place, Parse parse,
           Format format) {
  Key key;
  key.path = std::move(path);
  key.expected = std::move(expected);
  key.set = [place, parse](const Texts& texts, Draft& draft) {
    const std::optional<T> value = parse(texts.front());
    if (value) place(draft) = *value;
    return value.has_value();
  };
  key.get = [place, format](const Draft& draft) {
    // The draft is only read.
    return Texts{
        format(place(const_cast<Draft&>(draft)))};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  };
  return key;
}

template <typename Integer>
Key Count(std::string path, Integer least, Integer most, const Place<Integer>& place) {
  std::string expected =
      "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  return Scalar<Integer>(
      std::move(path), std::move(expected), place,
      [least, most](const std::string& text) -> std::optional<Integer> {
        Integer value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole =
            error == std::errc() && end == text.data() + text.size() && !text.empty();
        if (!whole || value < least || value > most) return std::nullopt;
        return value;
      },
      [](Integer value) { return std::to_string(value); });
}

Key Time(std::string path, Duration least, Duration most, const Place<Duration>& place) {
  std::string expected = "a duration from " + FormatDuration(least) + " to " +
                         FormatDuration(most) + " with a unit, such as 500ms, 5s or 1m30s";
  return Scalar<Duration>(
      std::move(path), std::move(expected), place,
      [least, most](const std::string& text) -> std::optional<Duration> {
        const std::optional<Duration> value = ParseDuration(text);
        if (!value || *value < least || *value > most) return std::nullopt;
        return value;
      },
      &FormatDuration);
}

// A duration, or "auto", which is stored as no value.
Key TimeOrAuto(std::string path, Duration least, Duration most,
               const Place<std::optional<Duration>>& place) {
  using Value = std::optional<Duration>;
  std::string expected = "auto, or a duration from " + FormatDuration(least) + " to " +
                         FormatDuration(most) + " with a unit, such as 500ms, 5s or 1m30s";
  return Scalar<Value>(
      std::move(path), std::move(expected), place,
      [least, most](const std::string& text) -> std::optional<Value> {
        if (text == "auto") return Value();
        const Value value = ParseDuration(text);
        if (!value || *value < least || *value > most) return std::nullopt;
        return value;
      },
      [](const Value& value) { return value ? FormatDuration(*value) : "auto"; });
}

template <typename E>
Key OneOf(std::string path, const Place<E>& place) {
  return Scalar<E>(
      std::move(path), "one of " + base::JoinedNames<E>(), place,
      [](const std::string& text) { return base::ParseEnum<E>(text); },
      [](E value) { return std::string(base::Name(value)); });
}

Key Bool(std::string path, const Place<bool>& place) {
  return Scalar<bool>(
      std::move(path), "true or false", place,
      [](const std::string& text) -> std::optional<bool> {
        if (text == "true") return true;
        if (text == "false") return false;
        return std::nullopt;
      },
      [](bool value) -> std::string { return value ? "true" : "false"; });
}

Key Text(std::string path, std::string expected, const Place<std::string>& place) {
  return Scalar<std::string>(
      std::move(path), std::move(expected), place,
      [](const std::string& text) -> std::optional<std::string> { return text; },
      [](const std::string& text) { return text; });
}

Key Dsn(std::string path, const Place<base::Secret>& place) {
  Key key = Scalar<base::Secret>(
      std::move(path), "a connection string, such as postgresql://app@db:5432/shop", place,
      [](const std::string& text) -> std::optional<base::Secret> { return base::Secret(text); },
      [](const base::Secret& dsn) { return dsn.Reveal(); });
  key.secret = true;
  return key;
}

Key Addresses(std::string path, const Place<Texts>& place) {
  Key key;
  key.path = std::move(path);
  key.shape = Shape::kList;
  key.expected = "a list of addresses, such as [\":19187\"], or [] to listen nowhere";
  key.set = [place](const Texts& texts, Draft& draft) {
    place(draft) = texts;
    return true;
  };
  key.get = [place](const Draft& draft) {
    return place(const_cast<Draft&>(draft));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  };
  return key;
}

Key Names(std::string path, const std::string& expected, const Place<Texts>& place) {
  Key key = Addresses(std::move(path), place);
  key.expected = expected;
  key.set = [place](const Texts& texts, Draft& draft) {
    place(draft) = texts;
    return std::none_of(texts.begin(), texts.end(), [](const std::string& text) {
      return text.empty() || text.find_first_of(" :/") != std::string::npos;
    });
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
  Key key = Text("web.telemetry_path",
                 "a path that begins with / and has no other use in the server, such as /metrics",
                 [](Draft& d) -> auto& { return d.config.telemetry_path; });
  const auto take = key.set;
  key.set = [take](const Texts& texts, Draft& draft) {
    return IsTelemetryPath(texts.front()) && take(texts, draft);
  };
  return key;
}

// Adds the keys of one pool. `pool` returns it from a draft.
void AddPool(std::vector<Key>& keys, const std::string& name,
             const Place<pool::PoolOptions>& pool) {
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
  time("idle_timeout", seconds(0), hours(24 * 365), &Options::idle_timeout);
  time("max_lifetime", seconds(0), hours(24 * 365), &Options::max_lifetime);
  time("leak_after", seconds(0), hours(24 * 365), &Options::leak_after);
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

std::vector<Key> MakeKeys() {
  const std::string file = "the path of a file";
  std::vector<Key> keys{
      Addresses("web.listen_addresses",
                [](Draft& d) -> auto& { return d.config.web.listen_addresses; }),
      Names("web.allowed_hosts", "a list of host names without ports, such as [exporter.example]",
            [](Draft& d) -> auto& { return d.config.web.allowed_hosts; }),
      TelemetryPath(),
      Text("web.config_file", file, [](Draft& d) -> auto& { return d.config.web_config_file; }),
      Bool("web.enable_lifecycle", [](Draft& d) -> auto& { return d.config.enable_lifecycle; }),
      Count<int>("web.max_requests", 0, 1000,
                 [](Draft& d) -> auto& { return d.config.web.max_requests; }),
      OneOf<base::LogLevel>("log.level", [](Draft& d) -> auto& { return d.config.log.level; }),
      OneOf<base::LogFormat>("log.format", [](Draft& d) -> auto& { return d.config.log.format; }),
      OneOf<base::Journald>("log.journald",
                            [](Draft& d) -> auto& { return d.config.log.journald; }),
      Text("textfile.path", "the path of a file that ends in .prom",
           [](Draft& d) -> auto& { return d.config.textfile_path; }),
      Time("textfile.interval", seconds(1), minutes(1),
           [](Draft& d) -> auto& { return d.config.textfile_interval; }),
      Dsn("primary.dsn", [](Draft& d) -> auto& { return d.primary.dsn; }),
      Text("primary.password_file", file,
           [](Draft& d) -> auto& { return d.primary.password_file; }),
      Dsn("replica.dsn", [](Draft& d) -> auto& { return d.replica.dsn; }),
      Text("replica.password_file", file,
           [](Draft& d) -> auto& { return d.replica.password_file; }),
      Text("session.application_name", "a name",
           [](Draft& d) -> auto& { return d.session.application_name; }),
      OneOf<postgres::SessionReset>("session.reset",
                                    [](Draft& d) -> auto& { return d.session.reset; }),
      OneOf<routing::Fallthrough>(
          "read_only.fallthrough",
          [](Draft& d) -> auto& { return d.config.database.routing.fallthrough; }),
      Bool("read_only.fallthrough_expected",
           [](Draft& d) -> auto& { return d.config.database.routing.fallthrough_expected; }),
      Time("read_only.max_lag", seconds(0), hours(24 * 365),
           [](Draft& d) -> auto& { return d.config.database.routing.max_lag; }),
      OneOf<routing::OnLag>("read_only.on_lag",
                            [](Draft& d) -> auto& { return d.config.database.routing.on_lag; }),
      Time("read_only.max_stale_lag", seconds(0), hours(24 * 365),
           [](Draft& d) -> auto& { return d.config.database.routing.max_stale_lag; }),
      Count<std::size_t>("read_only.good_probes", 1, 1000,
                         [](Draft& d) -> auto& { return d.config.database.routing.good_probes; }),
      Time("probe.interval", milliseconds(10), hours(1),
           [](Draft& d) -> auto& { return d.config.database.probe.interval; }),
      Time("probe.timeout", milliseconds(10), hours(1),
           [](Draft& d) -> auto& { return d.config.database.probe.timeout; }),
      Time("probe.new_session_interval", milliseconds(10), hours(1),
           [](Draft& d) -> auto& { return d.config.database.probe.new_session_interval; }),
      Text("probe.lag_query", "a query",
           [](Draft& d) -> auto& { return d.config.database.probe.lag_query; }),
      Time("probe.canary_interval", seconds(0), hours(24 * 365),
           [](Draft& d) -> auto& { return d.config.database.probe.canary_interval; }),
      Time("pool_logger.interval", seconds(1), hours(24 * 365),
           [](Draft& d) -> auto& { return d.config.database.pool_logger.interval; }),
      OneOf<control::AutoscalerMode>(
          "autoscaler.mode", [](Draft& d) -> auto& { return d.config.database.autoscaler.mode; }),
      Time("autoscaler.interval", milliseconds(10), hours(1),
           [](Draft& d) -> auto& { return d.config.database.autoscaler.interval; }),
      Time("autoscaler.wait_threshold", milliseconds(0), hours(1),
           [](Draft& d) -> auto& { return d.config.database.autoscaler.wait_threshold; }),
      Time("autoscaler.shrink_after", milliseconds(100), hours(24 * 365),
           [](Draft& d) -> auto& { return d.config.database.autoscaler.shrink_after; }),
      Count<std::size_t>(
          "autoscaler.server_reserve", 0, 10'000,
          [](Draft& d) -> auto& { return d.config.database.autoscaler.server_reserve; }),
      QuerySets(),
      Count<std::size_t>("connects_per_server", 1, 64,
                         [](Draft& d) -> auto& { return d.config.database.connects_per_server; }),
      Time("shutdown_timeout", milliseconds(100), hours(1),
           [](Draft& d) -> auto& { return d.config.shutdown_timeout; }),
  };
  AddPoolDefaults(keys);
  AddPool(keys, "primary", [](Draft& d) -> auto& { return d.config.database.primary_pool; });
  AddPool(keys, "ro", [](Draft& d) -> auto& { return d.config.database.ro_pool; });
  AddPool(keys, "ro_fallthrough",
          [](Draft& d) -> auto& { return d.config.database.ro_fallthrough_pool; });
  return keys;
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
