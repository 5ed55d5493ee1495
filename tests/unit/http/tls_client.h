// A blocking TLS client on loopback, with kPatience as its timeout.
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace scidex::http {

// What a client sends first.
inline std::string ClientHello() {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> client(SSL_new(context.get()), &SSL_free);
  BIO* const sent = BIO_new(BIO_s_mem());
  SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), sent);
  SSL_connect(client.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(sent, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

class TlsClient {
 public:
  // Connects without a handshake. `ciphers` is for TLS 1.2, which is then the only version.
  explicit TlsClient(int port, const std::string& ciphers = "")
      : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
        socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (!ciphers.empty()) {
      SSL_CTX_set_max_proto_version(context_.get(), TLS1_2_VERSION);
      SSL_CTX_set_cipher_list(context_.get(), ciphers.c_str());
    }
    const timeval patience{20, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.get());
  }

  bool Handshake() { return connected_ && SSL_connect(ssl_.get()) == 1; }
  // The server's response to a request, up to the first 4,000 bytes; "" if it closes the
  // connection.
  std::string Ask(const std::string& path) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
    if (SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())) <= 0) return "";
    std::string answer(4000, '\0');
    const int size = SSL_read(ssl_.get(), answer.data(), static_cast<int>(answer.size()));
    answer.resize(static_cast<std::size_t>(std::max(size, 0)));
    return answer;
  }
  // Sends bytes other than TLS.
  void SendRaw(const std::string& bytes) {
    static_cast<void>(send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  // Waits until the server has sent something, or closes the connection.
  bool Hears() const {
    pollfd socket{socket_.get(), POLLIN, 0};
    return poll(&socket, 1, 20'000) > 0;
  }
  // Whether the server has closed the connection.
  bool IsClosed() const {
    pollfd socket{socket_.get(), POLLRDHUP, 0};
    return poll(&socket, 1, 0) > 0;
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  base::UniqueFd socket_;
  bool connected_ = false;
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace scidex::http
