// Structured logging to standard error: one line per message, logfmt or JSON, UTC. If standard
// error is systemd's journal, which records time and level of each message itself, lines have no
// time and begin with their level. Callers never wait for standard error: see log_writer.h.
//
//   LogInfo("route changed", {{"from", "replica"}, {"to", "primary_fallthrough"}});
//   ts=2026-11-23T08:00:00.000Z level=info msg="route changed" from=replica to=primary_fallthrough
//
// A base::Secret does not compile as a field.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
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

// Whether lines are written in the journal's format.
enum class Journald {
  kAuto,  // if JOURNAL_STREAM identifies standard error
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

// The value of a field. Durations are written in seconds. Refers to the text that it is made of,
// which must live until Log() returns: so nothing is allocated where a thread must not throw.
class LogValue {
 public:
  // NOLINTBEGIN(google-explicit-constructor)
  LogValue(std::string_view text) noexcept : text_(text), quoted_(true) {}
  LogValue(const char* text) noexcept : LogValue(std::string_view(text)) {}
  LogValue(const std::string& text) noexcept : LogValue(std::string_view(text)) {}
  // A template, so that pointers do not convert to bool.
  template <std::same_as<bool> T>
  LogValue(T value) noexcept : text_(value ? "true" : "false") {}
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  LogValue(T value) noexcept {
    char* const end = std::to_chars(number_.data(), number_.data() + number_.size(), value).ptr;
    length_ = static_cast<std::size_t>(end - number_.data());
  }
  LogValue(double value) noexcept;
  LogValue(Duration value) noexcept : LogValue(Seconds(value)) {}
  // NOLINTEND(google-explicit-constructor)

  std::string_view text() const noexcept {
    return length_ > 0 ? std::string_view(number_.data(), length_) : text_;
  }
  // True for text, false for numbers and booleans.
  bool quoted() const { return quoted_; }

 private:
  // Empty if this is a number.
  std::string_view text_;
  bool quoted_ = false;
  std::array<char, 32> number_{};
  std::size_t length_ = 0;
};

struct LogField {
  std::string_view key;
  LogValue value;
};

// Everything below is thread-safe. ConfigureLog is meant for startup and reload.
void ConfigureLog(const LogOptions& options);

// Whether messages of this level are written: for messages whose text costs something.
bool Logs(LogLevel level) noexcept;

// Never blocks.
void Log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {}) noexcept;

// Log() at one level.
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

// Logs an exception as an error, with the task that threw it if there is one. For places that must
// not throw.
void LogFailure(std::string_view message, const std::exception& error,
                std::string_view task = {}) noexcept;

// Writes `line` and a newline unchanged, in order with the messages; for people at a terminal. The
// journal is told the level.
void WriteToStandardError(std::string line, LogLevel level = LogLevel::kError) noexcept;

// Waits until all earlier messages are written. Returns false if that takes longer than `within`,
// for example because the reader of standard error has stopped. exit() flushes too, for at most
// half a second.
bool FlushLog(Duration within) noexcept;

// Number of messages since the process started, by level. Messages below the configured level are
// neither written nor counted.
EnumArray<LogLevel, std::uint64_t> LogMessageCounts();
// Number of those that were not written because standard error did not accept them in time.
std::uint64_t LogMessagesDropped();

// Also passes each line (without time) to `tap`, until it is replaced; an empty function ends that.
// For tests.
void SetLogTap(std::function<void(LogLevel level, const std::string& line)> tap);

}  // namespace scidex::base
