// Random text that cannot be guessed.
#pragma once

#include <string>

namespace scidex::http {

// 256 bits from the system's generator, in hexadecimal. Throws ServerError where it has none.
std::string RandomHex();

}  // namespace scidex::http
