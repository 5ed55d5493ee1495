#include "http/random.h"

#include <openssl/rand.h>

#include <array>

#include "http/error.h"

namespace scidex::http {

std::string RandomHex() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw ServerError("the system's random number generator failed");
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace scidex::http
