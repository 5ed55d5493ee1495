#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/journal.h"
#include "base/log_writer.h"
#include "base/mutex.h"
#include "base/quoted.h"

namespace scidex::base {
namespace {

constexpr auto kFlushAtExitWithin = std::chrono::milliseconds(500);

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

std::string ForJournal(LogFormat format, LogLevel level, std::string_view line) {
  const bool json = format == LogFormat::kJson;
  std::string text(JournalPrefix(level));
  return text.append(json ? "{" : "").append(line).append(json ? "}\n" : "\n");
}

bool WritesForJournal(Journald journald) {
  if (journald != Journald::kAuto) return journald == Journald::kOn;
  const char* const stream = std::getenv("JOURNAL_STREAM");
  return stream != nullptr && IsJournal(STDERR_FILENO, stream);
}

// Prefixes the line with the time of the call.
std::string WithTime(LogFormat format, LogLevel level, std::string_view line) {
  spdlog::memory_buf_t text;
  // A separate formatter for each call, because a formatter is not thread-safe.
  FormatterOf(format)->format(
      spdlog::details::log_msg("", kSpdlogLevels[static_cast<std::size_t>(level)],
                               spdlog::string_view_t(line.data(), line.size())),
      text);
  return {text.data(), text.size()};
}

class Logger {
 public:
  Logger() {
    std::atexit([] { FlushLog(kFlushAtExitWithin); });
  }

  void Configure(const LogOptions& options) {
    level_.store(options.level, std::memory_order_relaxed);
    format_.store(options.format, std::memory_order_relaxed);
    for_journal_.store(WritesForJournal(options.journald), std::memory_order_relaxed);
  }

  bool Writes(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }

  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (!Writes(level)) return;
    counts_[level].fetch_add(1, std::memory_order_relaxed);
    const LogFormat format = format_.load(std::memory_order_relaxed);
    const std::string line = LineOf(format, level, message, fields);
    writer_.Push(Format(format, level, line));
    // Looked at first: in a child of fork(), the lock may be held for ever.
    if (!has_tap_.load(std::memory_order_acquire)) return;
    MutexLock lock(tap_mutex_);
    if (tap_) tap_(level, line);
  }

  void WriteUnformatted(LogLevel level, std::string line) {
    line += '\n';
    if (for_journal_.load(std::memory_order_relaxed)) line.insert(0, JournalPrefix(level));
    writer_.Push(std::move(line));
  }

  LogWriter& writer() { return writer_; }

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
    has_tap_.store(tap_ != nullptr, std::memory_order_release);
  }

 private:
  std::string Format(LogFormat format, LogLevel level, std::string_view line) const {
    return for_journal_.load(std::memory_order_relaxed) ? ForJournal(format, level, line)
                                                        : WithTime(format, level, line);
  }

  std::string DropNotice(std::uint64_t dropped) const {
    const LogFormat format = format_.load(std::memory_order_relaxed);
    return Format(format, LogLevel::kWarn,
                  LineOf(format, LogLevel::kWarn, "log messages dropped", {{"count", dropped}}));
  }

  std::atomic<LogLevel> level_{LogOptions{}.level};
  std::atomic<LogFormat> format_{LogOptions{}.format};
  std::atomic<bool> for_journal_{WritesForJournal(LogOptions{}.journald)};
  LogWriter writer_{[this](std::uint64_t dropped) { return DropNotice(dropped); }};
  EnumArray<LogLevel, std::atomic<std::uint64_t>> counts_;
  std::atomic<bool> has_tap_{false};
  Mutex tap_mutex_;
  std::function<void(LogLevel, const std::string&)> tap_ SCIDEX_GUARDED_BY(tap_mutex_);
};

// Never destroyed: threads that outlive main's statics may still log.
Logger& TheLogger() {
  static Logger& logger = *new Logger;
  return logger;
}

}  // namespace

LogValue::LogValue(double value) noexcept : quoted_(!std::isfinite(value)) {
  const int written = std::snprintf(number_.data(), number_.size(), "%.9g", value);
  length_ = static_cast<std::size_t>(written);
}

void ConfigureLog(const LogOptions& options) { TheLogger().Configure(options); }

bool Logs(LogLevel level) noexcept { return TheLogger().Writes(level); }

void Log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields) noexcept {
  try {
    TheLogger().Write(level, message, fields);
  } catch (const std::exception&) {
    // No memory for the message.
  }
}

void LogFailure(std::string_view message, const std::exception& error,
                std::string_view task) noexcept {
  try {
    if (task.empty()) {
      LogError(message, {{"error", error.what()}});
    } else {
      LogError(message, {{"task", task}, {"error", error.what()}});
    }
  } catch (const std::exception&) {
    // No memory for the message.
  }
}

void WriteToStandardError(std::string line, LogLevel level) noexcept {
  TheLogger().WriteUnformatted(level, std::move(line));
}

bool FlushLog(Duration within) noexcept {
  return TheLogger().writer().Flush(Add(RealClock().Now(), within));
}

std::uint64_t LogMessagesDropped() { return TheLogger().writer().dropped(); }

EnumArray<LogLevel, std::uint64_t> LogMessageCounts() { return TheLogger().Counts(); }

void SetLogTap(std::function<void(LogLevel level, const std::string& line)> tap) {
  TheLogger().SetTap(std::move(tap));
}

}  // namespace scidex::base
