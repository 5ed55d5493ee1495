// Wakes threads that wait for sockets which they alone know.
#pragma once

#include <netinet/in.h>

#include <vector>

namespace scidex::http {

// Shuts down every socket of this process that listens on one of the addresses `local`, or was
// accepted there: who waits on it wakes, and what was written before still reaches the other side.
// Finds nothing where /proc is not mounted.
void HangUp(const std::vector<sockaddr_in>& local);

}  // namespace scidex::http
