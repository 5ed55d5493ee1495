// Takes lines from any thread and writes them to standard error on a separate thread, so that no
// other thread ever waits for a terminal, a pipe or a disk.
//
// The queue is bounded: further lines are dropped and counted, and a line that reports their number
// follows the lines that were kept. Lines are written in the order of the calls.
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

// Thread-safe. Never destroyed: its thread may be blocked in a write indefinitely.
class LogWriter {
 public:
  static constexpr std::size_t kMaxLines = 8192;
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

  // Returns a line, with its newline, that reports the number of dropped lines.
  using DropNotice = std::function<std::string(std::uint64_t dropped)>;

  explicit LogWriter(DropNotice notice) : notice_(std::move(notice)) {}
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // `line` must end with a newline. Never blocks. A child of fork() does not have the thread: it
  // writes the line immediately if that does not block, and drops it otherwise.
  void Push(std::string line) noexcept;

  // Waits until everything pushed so far is written or dropped. Returns false if that is not the
  // case by `deadline`.
  bool Flush(TimePoint deadline) noexcept;

  // Number of lines that were not written, because there were too many or standard error accepts
  // none.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  bool Started() const { return started_in_generation_.load() != kNotStarted; }
  // Whether this process is a child of the one that started the thread.
  bool Forked() const;
  void StartThread() noexcept SCIDEX_REQUIRES(mutex_);
  void Loop();
  // Text to be written at once, and its number of lines.
  struct Batch {
    std::string text;
    std::uint64_t lines = 0;
  };
  // Moves the next lines into `batch`. Nothing is lost if memory runs out meanwhile.
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
  // Lines dropped because the queue was full, and not reported yet.
  std::uint64_t unreported_ SCIDEX_GUARDED_BY(mutex_) = 0;
  bool writing_ SCIDEX_GUARDED_BY(mutex_) = false;
  // Written under the lock. A child of fork() reads it without the lock, which may be held forever
  // there.
  static constexpr std::uint32_t kNotStarted = UINT32_MAX;
  std::atomic<std::uint32_t> started_in_generation_{kNotStarted};
};

}  // namespace scidex::base
