// The status codes of the server, and the number of responses with each.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace scidex::http {

struct Code {
  int number;
  std::string_view reason;
};

// The closed set: handlers use only these, and civetweb's own responses are mapped to them.
inline constexpr std::array kCodes{
    Code{200, "OK"},
    Code{400, "Bad Request"},
    Code{401, "Unauthorized"},
    Code{403, "Forbidden"},
    Code{404, "Not Found"},
    Code{405, "Method Not Allowed"},
    Code{408, "Request Timeout"},
    Code{409, "Conflict"},
    Code{431, "Request Header Fields Too Large"},
    Code{500, "Internal Server Error"},
    Code{503, "Service Unavailable"},
    Code{505, "HTTP Version Not Supported"},
};

// Null for a code outside the set.
const Code* FindCode(int number);

// Thread-safe.
class CodeCounts {
 public:
  // `number` must be in the set.
  void Count(int number);
  // All codes of the set, in ascending order.
  std::vector<std::pair<int, std::uint64_t>> Read() const;

 private:
  std::array<std::atomic<std::uint64_t>, kCodes.size()> counts_{};
};

}  // namespace scidex::http
