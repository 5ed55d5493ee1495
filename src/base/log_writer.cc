#include "base/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "base/fork.h"
#include "base/thread.h"

namespace scidex::base {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{64} << 10;

bool IsStandardErrorWritable() {
  pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
  return poll(&standard_error, 1, 0) == 1 && (standard_error.revents & POLLOUT) != 0;
}

// Returns false if standard error accepts no more: it is closed, its reader is gone, or a disk is
// full.
bool WriteAll(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Another process may have made the shared descriptor non-blocking.
      pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
      poll(&standard_error, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool LogWriter::Forked() const { return Started() && started_in_generation_ != ForkGeneration(); }

void LogWriter::Push(std::string line) noexcept {
  if (Forked()) {
    if (!IsStandardErrorWritable() || !WriteAll(line)) Drop(1);
    return;
  }
  MutexLock lock(mutex_);
  if (lines_.size() >= kMaxLines || bytes_ + line.size() > kMaxBytes) {
    ++unreported_;
    Drop(1);
    return;
  }
  try {
    const std::size_t size = line.size();
    lines_.push_back(std::move(line));
    bytes_ += size;
  } catch (const std::bad_alloc&) {
    Drop(1);
    return;
  }
  if (!Started()) StartThread();
  wake_.NotifyOne();
}

void LogWriter::StartThread() noexcept {
  try {
    Thread::Detached("log", [this] { Loop(); });
    started_in_generation_ = ForkGeneration();
  } catch (const std::exception&) {
    // The next line tries again.
  }
}

bool LogWriter::Flush(TimePoint deadline) noexcept {
  if (Forked()) return true;
  MutexLock lock(mutex_);
  if (!Started() && !lines_.empty()) StartThread();
  while (Started() && (!lines_.empty() || writing_)) {
    if (!written_all_.WaitUntil(mutex_, deadline)) return lines_.empty() && !writing_;
  }
  return lines_.empty();
}

void LogWriter::TakeNext(Batch& batch) {
  while (!lines_.empty() && batch.text.size() < kBatchBytes) {
    batch.text += lines_.front();
    bytes_ -= lines_.front().size();
    lines_.pop_front();
    ++batch.lines;
  }
  if (lines_.empty() && unreported_ > 0) {
    batch.text += notice_(unreported_);
    unreported_ = 0;
  }
}

void LogWriter::DropFirst() noexcept {
  if (lines_.empty()) return;
  bytes_ -= lines_.front().size();
  lines_.pop_front();
  Drop(1);
}

void LogWriter::Loop() {
  MutexLock lock(mutex_);
  for (;;) {
    if (lines_.empty()) {
      written_all_.NotifyAll();
      wake_.Wait(mutex_);
      continue;
    }
    writing_ = true;
    Batch batch;
    try {
      TakeNext(batch);
    } catch (const std::exception&) {
      // Write what fits into memory. A line that does not fit would be tried forever.
      if (batch.lines == 0) DropFirst();
    }
    lock.Unlock();
    if (!WriteAll(batch.text)) Drop(batch.lines);
    batch = {};
    lock.Lock();
    writing_ = false;
  }
}

}  // namespace scidex::base
