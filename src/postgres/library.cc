#include "postgres/library.h"

#include <pqxx/version>

namespace scidex::postgres {

std::string LibpqxxVersion() { return PQXX_VERSION; }

}  // namespace scidex::postgres
