// Structured logging to standard error: one line a message, logfmt or JSON, UTC. Where standard
// error is systemd's journal, which has a time and a level of its own for each message, lines have
// no time, and their level in front of them. No caller waits for standard error: see log_writer.h.
//
//   LogInfo("route changed", {{"from", "replica"}, {"to", "primary_fallthrough"}, {"reason",
//   "connect_refused"}}); ts=2026-11-23T08:00:00.000Z level=info msg="route changed" from=replica
//   to=primary_fallthrough reason=…
//
// A base::Secret does not compile as a field.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/enum.h"
#include "base/time.h"

namespace scidex::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
template <>
struct EnumNames<LogLevel> {
  static constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warn", "error"};
};

enum class LogFormat { kLogfmt, kJson };
template <>
struct EnumNames<LogFormat> {
  static constexpr std::array<std::string_view, 2> kNames{"logfmt", "json"};
};

// Whether lines are written as the journal takes them.
enum class Journald {
  kAuto,  // where JOURNAL_STREAM names the file that standard error is
  kOn,
  kOff,
};
template <>
struct EnumNames<Journald> {
  static constexpr std::array<std::string_view, 3> kNames{"auto", "on", "off"};
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kLogfmt;
  Journald journald = Journald::kAuto;
};

// A value of a field. Durations are written in seconds.
class LogValue {
 public:
  // NOLINTBEGIN(google-explicit-constructor)
  LogValue(std::string_view text) : text_(text), quoted_(true) {}
  LogValue(const char* text) : LogValue(std::string_view(text)) {}
  LogValue(const std::string& text) : LogValue(std::string_view(text)) {}
  // A template, so that no pointer is taken for a truth value.
  template <std::same_as<bool> T>
  LogValue(T value) : text_(value ? "true" : "false") {}
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  LogValue(T value) : text_(std::to_string(value)) {}
  LogValue(double value);
  LogValue(Duration value) : LogValue(Seconds(value)) {}
  // NOLINTEND(google-explicit-constructor)

  const std::string& text() const { return text_; }
  // Text, as opposed to a number or a truth value.
  bool quoted() const { return quoted_; }

 private:
  std::string text_;
  bool quoted_ = false;
};

struct LogField {
  std::string_view key;
  LogValue value;
};

// Everything below is thread safe; ConfigureLog is meant for start-up and reload.
void ConfigureLog(const LogOptions& options);

// Never blocks.
void Log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {}) noexcept;

inline void LogDebug(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kDebug, message, fields);
}
inline void LogInfo(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarn(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarn, message, fields);
}
inline void LogError(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, message, fields);
}

// An error with what was thrown, and the task that threw it if it was one: for where nothing more
// may be thrown.
void LogFailure(std::string_view message, const std::exception& error,
                std::string_view task = {}) noexcept;

// Writes `line`, with a newline, as it is and in the order of the messages. For what a person at a
// terminal reads. The journal is told the level.
void WriteToStandardError(std::string line, LogLevel level = LogLevel::kError) noexcept;

// Waits until what was logged before is written; false if that takes longer than `within`, as when
// the reader of standard error has stopped. exit() does so too, for half a second at most.
bool FlushLog(Duration within) noexcept;

// Messages since the process started, by level; those below the level in force are neither written
// nor counted.
EnumArray<LogLevel, std::uint64_t> LogMessageCounts();
// Those of them that were not written, as standard error did not take them in time.
std::uint64_t LogMessagesDropped();

// Sends each line (without time) to `sink` too, until it is replaced; an empty one ends that. For
// tests.
void SetLogTap(std::function<void(LogLevel level, const std::string& line)> tap);

}  // namespace scidex::base
