// How many clients the front may have, given how many files the process may open.
#pragma once

#include <cstddef>

namespace scidex::http {

// RLIMIT_NOFILE as it is now: prlimit(1) may move it while the process runs.
std::size_t MaxOpenFiles();

// `max_clients`, or fewer where the limit of open files less `reserved_files` has no room for them.
std::size_t ClientLimit(std::size_t max_clients, std::size_t reserved_files);

// Throws ServerError, which says what to raise and to what, unless the limit of open files has room
// for `reserved_files` and a few clients.
void RequireFiles(std::size_t reserved_files);

}  // namespace scidex::http
