#include "status/text.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace scidex::status {
namespace {

using std::chrono::duration_cast;
using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Unit {
  base::Duration length;
  std::string_view name;
};
constexpr std::array<Unit, 4> kLong{{{std::chrono::hours(24), " d"},
                                     {std::chrono::hours(1), " h"},
                                     {std::chrono::minutes(1), " min"},
                                     {seconds(1), " s"}}};

std::string Times(base::Duration duration, const Unit& unit) {
  std::string text = std::to_string(duration / unit.length);
  text += unit.name;
  return text;
}

}  // namespace

std::string IsoTime(base::WallTime time) {
  const auto whole = floor<seconds>(time);
  const time_t unix_time = whole.time_since_epoch().count();
  tm parts{};
  gmtime_r(&unix_time, &parts);
  std::array<char, 32> date{};
  strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                static_cast<int>(floor<milliseconds>(time - whole).count()) % 1000);
  return std::string(date.data()) + fraction.data();
}

std::string TimeText(base::WallTime time) {
  std::string text = IsoTime(time).substr(0, std::string_view("2026-11-23T08:00:00").size());
  text[text.find('T')] = ' ';
  return text;
}

std::string DurationText(base::Duration duration) {
  duration = std::max(duration, base::Duration::zero());
  if (duration < milliseconds(1)) {
    return std::to_string(duration_cast<std::chrono::microseconds>(duration).count()) + " µs";
  }
  if (duration < seconds(1)) {
    return std::to_string(duration_cast<milliseconds>(duration).count()) + " ms";
  }
  if (duration < seconds(10)) {
    const auto tenths = duration / milliseconds(100);
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " s";
  }
  for (std::size_t i = 0; i + 1 < kLong.size(); ++i) {
    if (duration < kLong[i].length) continue;
    return Times(duration, kLong[i]) + ' ' + Times(duration % kLong[i].length, kLong[i + 1]);
  }
  return Times(duration, kLong.back());
}

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace scidex::status
