#include "app/file_budget.h"

namespace scidex::app {
namespace {

// The log, epoll and event descriptors, files that are read, and the resolver's sockets.
constexpr std::size_t kOwnFiles = 64;
// A connection's socket, and its duplicate for the hang-up watch.
constexpr std::size_t kFilesOfAConnection = 2;
// A reload replaces pools; old connections remain while they are leased.
constexpr std::size_t kGenerations = 2;
// The session of a server's probe, and its replacement.
constexpr std::size_t kProbeSessions = 2;

}  // namespace

std::size_t FilesOf(const config::Config& config) {
  std::size_t connections = 0;
  if (config.database.primary) {
    connections += config.database.primary_pool.max_size +
                   config.database.ro_fallthrough_pool.max_size + kProbeSessions;
  }
  if (config.database.replica) connections += config.database.ro_pool.max_size + kProbeSessions;
  return kOwnFiles + kGenerations * kFilesOfAConnection * connections;
}

}  // namespace scidex::app
