// Unpredictable random text.
#pragma once

#include <string>

namespace scidex::http {

// 256 bits of the system's generator in hexadecimal. Throws ServerError if the generator fails.
std::string RandomHex();

}  // namespace scidex::http
