#include "http/handed_bodies.h"

#include <charconv>
#include <utility>

namespace scidex::http {

std::optional<std::string> HandedBodies::Place::Take() {
  const base::MutexLock lock(all_.mutex_);
  return std::exchange(all_.places_.at(name_), std::nullopt);
}

void HandedBodies::Put(std::string_view name, std::string body) {
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  const base::MutexLock lock(mutex_);
  const auto place = places_.find(number);
  if (place != places_.end()) place->second = std::move(body);
}

std::uint64_t HandedBodies::Open() {
  const base::MutexLock lock(mutex_);
  places_.emplace(++last_, std::nullopt);
  return last_;
}

void HandedBodies::Close(std::uint64_t name) {
  std::optional<std::string> body;
  const base::MutexLock lock(mutex_);
  const auto place = places_.find(name);
  body = std::move(place->second);
  places_.erase(place);
}

}  // namespace scidex::http
