#include "base/log.h"

#include <poll.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "base/quoted.h"

namespace scidex::base {
namespace {

constexpr std::array kSpdlogLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                   spdlog::level::err};

std::string Logfmt(LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields) {
  std::string line = "level=";
  line += Name(level);
  line += " msg=";
  line += Quoted(message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (IsBareWord(field.value.text())) {
      line += field.value.text();
    } else {
      line += Quoted(field.value.text());
    }
  }
  return line;
}

std::string Json(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = "\"level\":\"";
  line += Name(level);
  line += "\",\"msg\":";
  line += Quoted(message);
  for (const LogField& field : fields) {
    line += ',';
    line += Quoted(field.key);
    line += ':';
    if (field.value.quoted()) {
      line += Quoted(field.value.text());
    } else {
      line += field.value.text();
    }
  }
  return line;
}

std::string LineOf(LogFormat format, LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields) {
  return format == LogFormat::kJson ? Json(level, message, fields) : Logfmt(level, message, fields);
}

std::unique_ptr<spdlog::formatter> FormatterOf(LogFormat format) {
  return std::make_unique<spdlog::pattern_formatter>(format == LogFormat::kJson
                                                         ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v})"
                                                         : "ts=%Y-%m-%dT%H:%M:%S.%eZ %v",
                                                     spdlog::pattern_time_type::utc);
}

class Logger {
 public:
  Logger() : spdlog_("", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    spdlog_.set_level(spdlog::level::debug);
    Configure({});
  }

  void Configure(const LogOptions& options) {
    level_.store(options.level, std::memory_order_relaxed);
    format_.store(options.format, std::memory_order_relaxed);
    spdlog_.set_formatter(FormatterOf(options.format));
  }

  void WriteUnlessItBlocks(LogLevel level, std::string_view message) const {
    pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
    if (poll(&standard_error, 1, 0) != 1 || (standard_error.revents & POLLOUT) == 0) return;
    const LogFormat format = format_.load(std::memory_order_relaxed);
    const std::string line = LineOf(format, level, message, {});
    spdlog::memory_buf_t text;
    FormatterOf(format)->format(
        spdlog::details::log_msg("", kSpdlogLevels[static_cast<std::size_t>(level)], line), text);
    // A pipe that is ready takes a short line whole.
    static_cast<void>(!write(STDERR_FILENO, text.data(), text.size()));
  }

  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (level < level_.load(std::memory_order_relaxed)) return;
    counts_[level].fetch_add(1, std::memory_order_relaxed);
    const std::string line =
        LineOf(format_.load(std::memory_order_relaxed), level, message, fields);
    spdlog_.log(kSpdlogLevels[static_cast<std::size_t>(level)], spdlog::string_view_t(line));
    MutexLock lock(tap_mutex_);
    if (tap_) tap_(level, line);
  }

  EnumArray<LogLevel, std::uint64_t> Counts() const {
    EnumArray<LogLevel, std::uint64_t> counts;
    for (const LogLevel level : kEnumValues<LogLevel>) {
      counts[level] = counts_[level].load(std::memory_order_relaxed);
    }
    return counts;
  }

  void SetTap(std::function<void(LogLevel, const std::string&)> tap) {
    MutexLock lock(tap_mutex_);
    tap_ = std::move(tap);
  }

 private:
  spdlog::logger spdlog_;
  std::atomic<LogLevel> level_;
  std::atomic<LogFormat> format_;
  EnumArray<LogLevel, std::atomic<std::uint64_t>> counts_;
  Mutex tap_mutex_;
  std::function<void(LogLevel, const std::string&)> tap_ SCIDEX_GUARDED_BY(tap_mutex_);
};

// Never destroyed: a thread that outlives main's statics may still log.
Logger& TheLogger() {
  static Logger& logger = *new Logger;
  return logger;
}

}  // namespace

LogValue::LogValue(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  text_ = text.data();
  quoted_ = !std::isfinite(value);
}

void LogUnlessItBlocks(LogLevel level, std::string_view message) {
  TheLogger().WriteUnlessItBlocks(level, message);
}

void ConfigureLog(const LogOptions& options) { TheLogger().Configure(options); }

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  TheLogger().Write(level, message, fields);
}

EnumArray<LogLevel, std::uint64_t> LogMessageCounts() { return TheLogger().Counts(); }

void SetLogTap(std::function<void(LogLevel level, const std::string& line)> tap) {
  TheLogger().SetTap(std::move(tap));
}

}  // namespace scidex::base
