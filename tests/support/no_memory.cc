#include "support/no_memory.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace scidex::test {
namespace {

thread_local bool no_memory = false;
// The number of attempts that succeed nevertheless.
thread_local int spare_attempts = 0;
// The number of attempts that fail in threads that are not exempt.
std::atomic<int> failures_of_others = 0;
thread_local bool exempt = false;

bool Fails() {
  if (no_memory) return spare_attempts-- <= 0;
  return (!exempt && failures_of_others > 0 && failures_of_others.fetch_sub(1) > 0);
}

void* TryAllocate(std::size_t size) noexcept { return std::malloc(size == 0 ? 1 : size); }

// As the standard requires of operator new.
void* Allocate(std::size_t size) {
  for (bool first = true;; first = false) {
    void* const memory = first && Fails() ? nullptr : TryAllocate(size);
    if (memory != nullptr) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

}  // namespace

NoMemory::NoMemory(int spare) {
  spare_attempts = spare;
  no_memory = true;
}
NoMemory::~NoMemory() { no_memory = false; }

NoMemoryForOthers::NoMemoryForOthers(int failures) {
  exempt = true;
  failures_of_others = failures;
}
NoMemoryForOthers::~NoMemoryForOthers() {
  failures_of_others = 0;
  exempt = false;
}

bool NoMemoryForOthers::AllHaveFailed() const { return failures_of_others <= 0; }

}  // namespace scidex::test

// Not inlined, because gcc takes a delete that it has inlined for one that does not match its new.
[[gnu::noinline]] void* operator new(std::size_t size) { return scidex::test::Allocate(size); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return scidex::test::Allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
