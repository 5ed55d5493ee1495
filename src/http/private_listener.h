// A listening socket to which only this process can connect.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace scidex::http {

// A unix socket whose name is removed before anything can find it. Processes of other users cannot
// connect to it, as they could to a port, and no file is left behind. Without /proc, it keeps its
// name until the destructor, in a directory that other users cannot enter. Immutable.
class PrivateListener {
 public:
  // The socket does not block in accept(). Throws ServerError, for example if no directory is
  // writable.
  PrivateListener();

  int socket() const { return listener_.get(); }
  // The path to connect to. With /proc, it is valid only in this process.
  const std::string& path() const { return path_; }

 private:
  // Removes the socket and its directory.
  struct Name {
    Name() = default;
    ~Name();
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;

    void Remove();

    // Empty after removal.
    std::string directory;
  };

  base::UniqueFd listener_;
  Name name_;
  // The nameless file of the socket.
  base::UniqueFd file_;
  std::string path_;
};

}  // namespace scidex::http
