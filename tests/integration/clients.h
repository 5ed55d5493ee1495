// Load on a database: borrowers that do not pause.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/thread.h"
#include "integration/servers.h"

namespace scidex::test {

// Threads that acquire a connection, run `sql` on it, and release it, until Stop().
class Clients {
 public:
  Clients(database::Database& database, std::size_t writers, std::size_t readers,
          const char* sql = "SELECT pg_sleep(0.005)")
      : sql_(sql) {
    for (std::size_t i = 0; i < writers; ++i) {
      threads_.push_back(std::make_unique<base::Thread>(
          "writer", [&] { RunClient([&] { return database.AcquireWrite({QueryDeadline()}); }); }));
    }
    for (std::size_t i = 0; i < readers; ++i) {
      threads_.push_back(std::make_unique<base::Thread>(
          "reader", [&] { RunClient([&] { return database.AcquireRead({QueryDeadline()}); }); }));
    }
  }
  ~Clients() { Stop(); }
  void Stop() {
    stop_ = true;
    for (const auto& thread : threads_) thread->Join();
  }
  std::size_t served() const { return served_; }
  std::size_t failed() const { return failed_; }

 private:
  static base::TimePoint QueryDeadline() { return base::RealClock().Now() + kPatience; }

  template <typename Acquire>
  void RunClient(Acquire acquire) {
    while (!stop_) {
      try {
        const pool::Lease lease = acquire();
        const auto answer = postgres::Session::Of(lease).Query(sql_, QueryDeadline());
        ++(answer.status == postgres::QueryResult::Status::kOk ? served_ : failed_);
      } catch (const pool::AcquireError&) {
        ++failed_;
      }
    }
  }

  const char* const sql_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> served_{0};
  std::atomic<std::size_t> failed_{0};
  std::vector<std::unique_ptr<base::Thread>> threads_;
};

}  // namespace scidex::test
