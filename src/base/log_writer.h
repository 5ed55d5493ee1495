// Takes lines from any thread and writes them to standard error on a thread of its own, so that no
// other thread ever waits for a terminal, a pipe or a disk.
//
// What waits to be written is bounded: further lines are dropped and counted, and a line about that
// follows those that were kept. The order of lines is that of the calls.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "base/mutex.h"
#include "base/time.h"

namespace scidex::base {

// Thread safe. Never destroyed: its thread may be blocked in a write for ever.
class LogWriter {
 public:
  static constexpr std::size_t kMaxLines = 8192;
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

  // A line, with its newline, that says how many were dropped.
  using DropNotice = std::function<std::string(std::uint64_t dropped)>;

  explicit LogWriter(DropNotice notice) : notice_(std::move(notice)) {}
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // `line` ends with a newline. Never blocks. In a child of fork(), which has no such thread, it is
  // written at once if that does not block, and else dropped.
  void Push(std::string line) noexcept;

  // Waits until everything that was pushed before is written or dropped; false if that takes until
  // `deadline`.
  bool Flush(TimePoint deadline) noexcept;

  // Lines that were not written: there were too many, or standard error takes none.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  bool Started() const { return started_in_generation_.load() != kNotStarted; }
  // This process is a child of the one that started the thread.
  bool Forked() const;
  void StartThread() noexcept SCIDEX_REQUIRES(mutex_);
  void Loop();
  // A piece of text that is written at once, and how many lines it has.
  struct Batch {
    std::string text;
    std::uint64_t lines = 0;
  };
  // Moves what is to be written next into `batch`: nothing is lost where memory runs out meanwhile.
  void TakeNext(Batch& batch) SCIDEX_REQUIRES(mutex_);
  void DropFirst() noexcept SCIDEX_REQUIRES(mutex_);
  void Drop(std::uint64_t lines) noexcept { dropped_.fetch_add(lines, std::memory_order_relaxed); }

  const DropNotice notice_;
  std::atomic<std::uint64_t> dropped_{0};

  Mutex mutex_;
  CondVar wake_;
  CondVar written_all_;
  std::deque<std::string> lines_ SCIDEX_GUARDED_BY(mutex_);
  std::size_t bytes_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // Dropped for want of room, and not told of yet.
  std::uint64_t untold_ SCIDEX_GUARDED_BY(mutex_) = 0;
  bool writing_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Written under the lock. A child of fork() reads it without, as the lock may be held for ever
  // there.
  static constexpr std::uint32_t kNotStarted = UINT32_MAX;
  std::atomic<std::uint32_t> started_in_generation_{kNotStarted};
};

}  // namespace scidex::base
