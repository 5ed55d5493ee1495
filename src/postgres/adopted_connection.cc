#include "postgres/adopted_connection.h"

#include <utility>

namespace scidex::postgres {

#if PQXX_VERSION_MAJOR == 6

pqxx::connectionpolicy::handle HandOverOnce::do_startconnect(handle present) {
  if (present != nullptr) return present;
  if (connection_ == nullptr) {
    throw pqxx::broken_connection("the connection is lost; acquire another one from the pool");
  }
  return std::exchange(connection_, nullptr);
}

#endif

}  // namespace scidex::postgres
