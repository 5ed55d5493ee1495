// Two private networks that are connected by a cable: the server's and the client's.
//
//   PrivateNetwork network;                 // this thread is on the server's side
//   PostgresServer server({{"listen_addresses", "*"}});
//   network.OnClientSide([&] { database.emplace(…); });   // and the threads that this starts
//   network.Cut();
#pragma once

#include <functional>
#include <string>

#include "base/unique_fd.h"

namespace scidex::test {

// Needs root. Not thread safe; to be used by one thread, which is back in its original network
// afterwards. Throws std::runtime_error.
class PrivateNetwork {
 public:
  static constexpr const char* kServerAddress = "10.77.0.1";
  static constexpr const char* kSubnet = "10.77.0.0/24";

  PrivateNetwork();
  ~PrivateNetwork();
  PrivateNetwork(const PrivateNetwork&) = delete;
  PrivateNetwork& operator=(const PrivateNetwork&) = delete;

  void OnClientSide(const std::function<void()>& work);
  // Unplugs the cable at the server's end: packets are lost without notice.
  void Cut();
  void Reconnect();

 private:
  const base::UniqueFd own_;
  base::UniqueFd server_;
  base::UniqueFd client_;
};

}  // namespace scidex::test
