#include "pool/histogram.h"

namespace scidex::pool {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::span<const base::Duration> WaitBounds() {
  static constexpr std::array<base::Duration, 15> kBounds{
      microseconds(10),   microseconds(100), milliseconds(1),   microseconds(2500),
      milliseconds(5),    milliseconds(10),  milliseconds(25),  milliseconds(50),
      milliseconds(100),  milliseconds(250), milliseconds(500), seconds(1),
      milliseconds(2500), seconds(5),        seconds(30)};
  return kBounds;
}

std::span<const base::Duration> UseBounds() {
  static constexpr std::array<base::Duration, 14> kBounds{
      microseconds(100), microseconds(500), milliseconds(1),   milliseconds(5), milliseconds(10),
      milliseconds(50),  milliseconds(100), milliseconds(500), seconds(1),      seconds(5),
      seconds(15),       minutes(1),        minutes(3),        minutes(10)};
  return kBounds;
}

std::span<const base::Duration> ConnectBounds() {
  static constexpr std::array<base::Duration, 12> kBounds{
      milliseconds(1),   milliseconds(2),  milliseconds(5),   milliseconds(10),
      milliseconds(25),  milliseconds(50), milliseconds(100), milliseconds(250),
      milliseconds(500), seconds(1),       seconds(5),        seconds(30)};
  return kBounds;
}

}  // namespace scidex::pool
