// Passes the bodies of responses from the backend's threads to the front in memory: an exposition
// need not be copied into and out of a socket.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace scidex::http {

// The header of a request to the backend that names the place for the body of its response. The
// front removes one that a client sent.
inline constexpr std::string_view kBodyPlaceHeader = "Scidex-Body-Place";

// Thread-safe. Must outlive its places.
class HandedBodies {
 public:
  // Waits for one body. Its destructor discards the body, also one that comes later.
  class Place {
   public:
    explicit Place(HandedBodies& all) : all_(all), name_(all.Open()) {}
    ~Place() { all_.Close(name_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // The value of the header.
    std::string name() const { return std::to_string(name_); }
    // Nothing if no body has been put here.
    std::optional<std::string> Take();

   private:
    HandedBodies& all_;
    const std::uint64_t name_;
  };

  HandedBodies() = default;
  HandedBodies(const HandedBodies&) = delete;
  HandedBodies& operator=(const HandedBodies&) = delete;

  // Discards the body if there is no such place any more.
  void Put(std::string_view name, std::string body);

 private:
  std::uint64_t Open();
  void Close(std::uint64_t name);

  base::Mutex mutex_;
  std::uint64_t last_ SCIDEX_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::optional<std::string>> places_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::http
