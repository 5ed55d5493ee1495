// What stands between requests and the backend: how many it answers at once, and who waits.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/backend_link.h"
#include "http/client.h"
#include "http/reply.h"
#include "http/request_head.h"
#include "http/request_slots.h"

namespace scidex::http {

// Requests that are the same to the byte, and wait, are answered together: an exposition that
// a thousand clients ask for at once is made once. None is answered with what was made before it
// came. Not thread safe: for one io_context.
class RequestQueue {
 public:
  struct Options {
    std::size_t slots = 0;
    RequestSlots::Patience patience;
    // Clients that may wait for the same request as another client does.
    std::size_t max_sharing = 0;
    // For a request that finds no slot.
    std::string refusal;
  };

  RequestQueue(Options options, BackendLink& backend)
      : refusal_(std::move(options.refusal)),
        max_sharing_(options.max_sharing),
        slots_(options.slots, options.patience),
        backend_(backend) {}

  // The answer to a request; 503 where it found no slot. Null where the client is gone, or
  // hung up while it waited.
  asio::awaitable<ReplyPtr> Ask(const RequestHead& head, const Client& client);

  // Ends all waiting, now and from now on.
  void Stop() { slots_.Stop(); }

 private:
  // A request that waits, and the clients that asked for it.
  struct Shared {
    explicit Shared(const asio::any_io_executor& executor)
        : done(executor, asio::steady_timer::time_point::max()) {}

    std::vector<const Client*> clients;
    asio::steady_timer done;
    bool is_done = false;
    ReplyPtr reply;
  };
  // Tells the clients whatever came of it.
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
  asio::awaitable<ReplyPtr> AskFirst(const std::string& request, bool may_share, bool has_body,
                                     const Client& client);

  const std::string refusal_;
  const std::size_t max_sharing_;
  RequestSlots slots_;
  BackendLink& backend_;
  std::size_t sharing_ = 0;
  std::map<std::string, std::shared_ptr<Shared>> waiting_;
};

}  // namespace scidex::http
