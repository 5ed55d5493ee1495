// Limits the number of clients by the number of files that the process may open.
#pragma once

#include <cstddef>

namespace scidex::http {

// The current RLIMIT_NOFILE, which prlimit(1) may change at runtime. The largest number if the
// kernel refuses to report it.
std::size_t MaxOpenFiles();

// The number of clients that a listener accepts in a row, before other clients are served.
inline constexpr std::size_t kMaxAccepts = 32;

// The number of files that a server itself opens: both ends of each backend connection, the
// listeners with their duplicates and the clients above the limit that each may have accepted, and
// a reserve.
std::size_t FilesOfServer(std::size_t backend_connections, std::size_t listeners);

// `max_clients`, reduced to what the limit of open files leaves after `reserved_files`.
std::size_t ClientLimit(std::size_t max_clients, std::size_t reserved_files);

// Throws ServerError, which names the limit to raise and the value needed, unless the limit of open
// files allows `reserved_files` and a few clients.
void RequireFiles(std::size_t reserved_files);

}  // namespace scidex::http
