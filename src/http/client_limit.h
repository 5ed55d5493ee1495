// How many clients the front may have, given how many files the process may open.
#pragma once

#include <cstddef>

namespace scidex::http {

// RLIMIT_NOFILE as it is now: prlimit(1) may move it while the process runs. The largest number
// where the kernel does not tell.
std::size_t MaxOpenFiles();

// What a server opens itself, with so many connections to its backend and so many addresses: both
// ends of each connection, the listeners with their copies, and some to spare for clients that are
// on their way out.
std::size_t FilesOfServer(std::size_t backend_connections, std::size_t listeners);

// `max_clients`, or fewer where the limit of open files less `reserved_files` has no room for them.
std::size_t ClientLimit(std::size_t max_clients, std::size_t reserved_files);

// Throws ServerError, which says what to raise and to what, unless the limit of open files has room
// for `reserved_files` and a few clients.
void RequireFiles(std::size_t reserved_files);

}  // namespace scidex::http
