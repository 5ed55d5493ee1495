// Memory for what must not fail when no memory can be allocated.
//
// Asio cannot report a failed allocation everywhere. It starts the operation that a coroutine
// awaits in a function that is noexcept (Asio 1.22, asio/impl/awaitable.hpp, await_suspend() of
// await_transform(Function)), and unwinds a coroutine whose operation fails by an allocation in a
// destructor (the same file, ~awaitable_thread()): std::bad_alloc ends the process there. So the
// code of Asio must not fail, and the code of coroutines may. RunLoop(), kAwaitable and MayFail
// tell them apart.
#pragma once

#include <cstddef>

namespace scidex::http {

// A reserve for one thread at a time. While that uses it, an allocation by operator new in the
// thread that fails, and must not, is repeated after a piece of the reserve has been released.
// Installs a std::new_handler, which stays and calls the previous one in all other cases. An
// allocation that does not go through operator new is not affected; Asio has none
// (ASIO_DISABLE_STD_ALIGNED_ALLOC).
class MemoryReserve {
 public:
  // An operation takes a few hundred bytes, and a client has one at a time.
  static constexpr std::size_t kPieces = 64;
  static constexpr std::size_t kPieceSize = 4096;

  // The reserve of this thread while this object exists.
  class InThisThread {
   public:
    explicit InThisThread(MemoryReserve& reserve) noexcept;
    ~InThisThread();
    InThisThread(const InThisThread&) = delete;
    InThisThread& operator=(const InThisThread&) = delete;
  };

  // Before the thread starts, which has no other way to fail. Throws std::bad_alloc.
  MemoryReserve();
  ~MemoryReserve();
  MemoryReserve(const MemoryReserve&) = delete;
  MemoryReserve& operator=(const MemoryReserve&) = delete;

  // Whether the reserve of this thread is full; true if there is none.
  static bool IsFull() noexcept;

 private:
  friend class MayFail;
  struct Piece {
    Piece* next;
  };
  // Called by operator new.
  static void OnNoMemory();
  void Refill() noexcept;
  void Release() noexcept;
  void Clear() noexcept;

  Piece* pieces_ = nullptr;
  std::size_t count_ = 0;
};

// Allocations of this thread may use its reserve while this object exists.
class MustNotFail {
 public:
  MustNotFail() noexcept;
  ~MustNotFail();
  MustNotFail(const MustNotFail&) = delete;
  MustNotFail& operator=(const MustNotFail&) = delete;

 private:
  const bool before_;
};

// They may not while this object exists. Its constructor refills the reserve as far as possible.
class MayFail {
 public:
  MayFail() noexcept;
  ~MayFail();
  MayFail(const MayFail&) = delete;
  MayFail& operator=(const MayFail&) = delete;

 private:
  const bool before_;
};

// For a coroutine whose result another loop awaits: what Asio allocates to deliver the result must
// not fail. From the end of this object, which the coroutine creates first, to the end of the
// surrounding MayFail.
struct DeliversResult {
  DeliversResult() = default;
  ~DeliversResult();
  DeliversResult(const DeliversResult&) = delete;
  DeliversResult& operator=(const DeliversResult&) = delete;
};

}  // namespace scidex::http
