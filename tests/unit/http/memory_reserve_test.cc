// A server whose memory is exhausted. Replaces the allocation functions of the program.
#include "http/memory_reserve.h"

#include <gtest/gtest.h>

#include <asio/async_result.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/awaitable.h"
#include "http/run_loop.h"
#include "support/eventually.h"
#include "support/http_client.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

// Of this thread.
thread_local bool no_memory = false;
// Of all threads that are not exempt.
std::atomic<bool> no_memory_for_others = false;
thread_local bool exempt = false;
std::atomic<int> failures = 0;

bool Fails() { return no_memory || (no_memory_for_others && !exempt); }

void* TryAllocate(std::size_t size) noexcept { return std::malloc(size == 0 ? 1 : size); }

// As operator new, but the first attempt fails if there is no memory. The attempt after the
// handler has returned uses what the handler has released.
void* Allocate(std::size_t size) {
  for (bool first = true;; first = false) {
    void* const memory = first && Fails() ? nullptr : TryAllocate(size);
    if (memory != nullptr) return memory;
    ++failures;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

class NoMemory {
 public:
  NoMemory() { no_memory = true; }
  ~NoMemory() { no_memory = false; }
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
};

class NoMemoryForOthers {
 public:
  NoMemoryForOthers() {
    exempt = true;
    no_memory_for_others = true;
  }
  ~NoMemoryForOthers() {
    no_memory_for_others = false;
    exempt = false;
  }
  NoMemoryForOthers(const NoMemoryForOthers&) = delete;
  NoMemoryForOthers& operator=(const NoMemoryForOthers&) = delete;
};

// Whether 100 bytes can be allocated. The compiler may not remove the allocation.
bool CanAllocate() {
  try {
    ::operator delete(::operator new(100));
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

TEST(HttpMemoryReserve, IsUsedOnlyByWhatMustNotFail) {
  const MemoryReserve reserve;
  const NoMemory none;
  EXPECT_FALSE(CanAllocate());
  const MustNotFail scope;
  EXPECT_TRUE(CanAllocate());
  EXPECT_FALSE(MemoryReserve::IsFull());
  {
    const MayFail coroutine;
    EXPECT_FALSE(CanAllocate());
  }
  EXPECT_TRUE(CanAllocate());
}

TEST(HttpMemoryReserve, FailsWhenItIsUsedUpAndIsThenRefilled) {
  const MemoryReserve reserve;
  const MustNotFail scope;
  {
    const NoMemory none;
    for (std::size_t i = 0; i < MemoryReserve::kPieces; ++i) EXPECT_TRUE(CanAllocate());
    EXPECT_FALSE(CanAllocate());
    const MayFail coroutine;
    EXPECT_FALSE(MemoryReserve::IsFull());
  }
  { const MayFail coroutine; }
  EXPECT_TRUE(MemoryReserve::IsFull());
  EXPECT_TRUE(CanAllocate());
}

TEST(HttpMemoryReserve, BelongsToOneThread) {
  const MustNotFail scope;
  const NoMemory none;
  EXPECT_FALSE(CanAllocate());
  EXPECT_TRUE(MemoryReserve::IsFull());
}

TEST(HttpMemoryReserve, AwaitingDoesNotFailAndTheCoroutineMay) {
  asio::io_context io(1);
  int started = 0;
  int resumed = 0;
  int continued = 0;
  const auto start = [&](auto handler) {
    if (CanAllocate()) ++started;
    asio::post(io, std::move(handler));
  };
  const auto wait = [&]() -> asio::awaitable<void> {
    const NoMemory none;
    for (int i = 0; i < 3; ++i) {
      {
        const MustNotFail scope;
        asio::post(io, [&] {
          if (CanAllocate()) ++continued;
        });
      }
      co_await asio::async_initiate<const Awaitable, void()>(start, kAwaitable);
      if (CanAllocate()) ++resumed;
    }
  };
  asio::co_spawn(io, wait, asio::detached);
  RunLoop(io);
  EXPECT_EQ(started, 3);
  EXPECT_EQ(resumed, 0);
  EXPECT_EQ(continued, 3);
}

TEST(HttpMemoryReserve, LoopSurvivesAHandlerThatFails) {
  asio::io_context io(1);
  bool next = false;
  asio::post(io, [] {
    no_memory = true;
    const MayFail scope;
    throw std::runtime_error(std::string(1000, 'x'));
  });
  asio::post(io, [&] { next = true; });
  RunLoop(io);
  no_memory = false;
  EXPECT_TRUE(next);
}

TEST(HttpMemoryReserve, FrontWithoutMemoryContinuesOnceItHasSome) {
  Server server(ListenOnLoopback(), {{"/", RespondWith("text")}});
  {
    const NoMemoryForOthers none;
    const int before = failures;
    const test::HttpConnection client(server.ports().at(0));
    // Several attempts to accept, and pauses between them. They may close this client.
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return failures >= before + 6; }));
  }
  EXPECT_EQ(test::Get(server.ports().at(0), "/").code, 200);
}

}  // namespace
}  // namespace scidex::http

// Not inlined, because gcc takes a delete that it has inlined for one that does not match its new.
[[gnu::noinline]] void* operator new(std::size_t size) { return scidex::http::Allocate(size); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return scidex::http::Allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
