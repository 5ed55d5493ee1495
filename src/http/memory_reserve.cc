#include "http/memory_reserve.h"

#include <atomic>
#include <new>
#include <utility>

namespace scidex::http {
namespace {

constinit thread_local MemoryReserve* own = nullptr;
constinit thread_local bool must_not_fail = false;

constinit std::atomic<std::new_handler> previous_handler = nullptr;

}  // namespace

MemoryReserve::MemoryReserve() {
  // Never removed, because other threads may be using it.
  [[maybe_unused]] static const bool kInstalled = [] {
    previous_handler = std::set_new_handler(OnNoMemory);
    return true;
  }();
  Refill();
  if (count_ == kPieces) return;
  Clear();
  throw std::bad_alloc();
}

MemoryReserve::~MemoryReserve() { Clear(); }

MemoryReserve::InThisThread::InThisThread(MemoryReserve& reserve) noexcept { own = &reserve; }
MemoryReserve::InThisThread::~InThisThread() { own = nullptr; }

bool MemoryReserve::IsFull() noexcept { return own == nullptr || own->count_ == kPieces; }

void MemoryReserve::OnNoMemory() {
  if (must_not_fail && own != nullptr && own->pieces_ != nullptr) {
    own->Release();
  } else if (const std::new_handler handler = previous_handler) {
    handler();
  } else {
    throw std::bad_alloc();
  }
}

void MemoryReserve::Refill() noexcept {
  while (count_ < kPieces) {
    void* const memory = ::operator new(kPieceSize, std::nothrow);
    if (memory == nullptr) return;
    pieces_ = new (memory) Piece{pieces_};
    ++count_;
  }
}

void MemoryReserve::Release() noexcept {
  Piece* const piece = pieces_;
  pieces_ = piece->next;
  --count_;
  ::operator delete(piece);
}

void MemoryReserve::Clear() noexcept {
  while (pieces_ != nullptr) Release();
}

MustNotFail::MustNotFail() noexcept : before_(std::exchange(must_not_fail, true)) {}
MustNotFail::~MustNotFail() { must_not_fail = before_; }

MayFail::MayFail() noexcept : before_(std::exchange(must_not_fail, false)) {
  if (own != nullptr) own->Refill();
}
MayFail::~MayFail() { must_not_fail = before_; }

DeliversResult::~DeliversResult() { must_not_fail = true; }

}  // namespace scidex::http
