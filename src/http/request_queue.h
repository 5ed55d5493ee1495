// Admits requests to the backend: limits concurrent ones and queues others.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/backend_link.h"
#include "http/client.h"
#include "http/reply.h"
#include "http/request_head.h"
#include "http/request_slots.h"

namespace scidex::http {

// Identical requests (byte for byte) that are waiting are answered together: a thousand clients
// that request an exposition at once get one response. No client gets a response whose creation
// began before its request arrived. Not thread-safe: use it on one io_context only.
class RequestQueue {
 public:
  struct Options {
    std::size_t slots = 0;
    RequestSlots::Patience patience;
    // Returns the maximum number of clients that wait, for a slot or for another client's identical
    // request; at most two thirds of them for either. Empty: no limit.
    std::function<std::size_t()> max_clients;
    // The message of a 503 if no slot is free.
    std::string refusal;
  };

  RequestQueue(Options options, BackendLink& backend)
      : refusal_(std::move(options.refusal)),
        max_clients_(std::move(options.max_clients)),
        slots_(options.slots, options.patience),
        backend_(backend) {}

  // Returns the response; 503 if no slot became free in time. Null if the client has gone, or has
  // disconnected while waiting.
  asio::awaitable<ReplyPtr> Ask(const RequestHead& head, const Client& client);

  // Ends all waits, now and from now on.
  void Stop() { slots_.Stop(); }

 private:
  // A waiting request, and the clients that sent it.
  struct Shared {
    explicit Shared(const asio::any_io_executor& executor)
        : done(executor, asio::steady_timer::time_point::max()) {}

    std::vector<const Client*> clients;
    asio::steady_timer done;
    bool is_done = false;
    ReplyPtr reply;
  };
  // Wakes the clients, even if an exception is thrown.
  class Finish {
   public:
    explicit Finish(Shared& shared) : shared_(shared) {}
    ~Finish() {
      shared_.is_done = true;
      shared_.done.cancel();
    }
    Finish(const Finish&) = delete;
    Finish& operator=(const Finish&) = delete;

   private:
    Shared& shared_;
  };

  asio::awaitable<ReplyPtr> Join(std::shared_ptr<Shared> shared, const Client& client);
  asio::awaitable<ReplyPtr> AskFirst(const std::string& request, bool may_share,
                                     const Client& client);

  const std::string refusal_;
  const std::function<std::size_t()> max_clients_;
  RequestSlots slots_;
  BackendLink& backend_;
  std::size_t clients_ = 0;
  std::map<std::string, std::shared_ptr<Shared>> waiting_;
};

}  // namespace scidex::http
