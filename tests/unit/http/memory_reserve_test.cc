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
// The number of allocations that fail in threads that are not exempt.
std::atomic<int> failures_of_others = 0;
thread_local bool exempt = false;

bool Fails() {
  return no_memory || (!exempt && failures_of_others > 0 && failures_of_others.fetch_sub(1) > 0);
}

void* TryAllocate(std::size_t size) noexcept { return std::malloc(size == 0 ? 1 : size); }

// As operator new, but the first attempt fails if there is no memory. The attempt after the
// handler has returned uses what the handler has released.
void* Allocate(std::size_t size) {
  for (bool first = true;; first = false) {
    void* const memory = first && Fails() ? nullptr : TryAllocate(size);
    if (memory != nullptr) return memory;
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
  // Until this number of allocations has failed, of which each may use up a piece of the reserve.
  explicit NoMemoryForOthers(int failures) {
    exempt = true;
    failures_of_others = failures;
  }
  ~NoMemoryForOthers() {
    failures_of_others = 0;
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
  MemoryReserve reserve;
  const MemoryReserve::InThisThread use(reserve);
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
  MemoryReserve reserve;
  const MemoryReserve::InThisThread use(reserve);
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

TEST(HttpMemoryReserve, ThatIsIncompleteIsReportedBeforeItsThreadStarts) {
  const NoMemory none;
  EXPECT_THROW(MemoryReserve(), std::bad_alloc);
}

TEST(HttpMemoryReserve, BelongsToOneThread) {
  const MustNotFail scope;
  const NoMemory none;
  EXPECT_FALSE(CanAllocate());
  EXPECT_TRUE(MemoryReserve::IsFull());
}

TEST(HttpMemoryReserve, AwaitingDoesNotFailAndTheCoroutineMay) {
  asio::io_context io(1);
  MemoryReserve reserve;
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
  RunLoop(io, reserve);
  EXPECT_EQ(started, 3);
  EXPECT_EQ(resumed, 0);
  EXPECT_EQ(continued, 3);
}

TEST(HttpMemoryReserve, LoopSurvivesAHandlerThatFails) {
  asio::io_context io(1);
  MemoryReserve reserve;
  bool next = false;
  asio::post(io, [] {
    no_memory = true;
    const MayFail scope;
    throw std::runtime_error(std::string(1000, 'x'));
  });
  asio::post(io, [&] { next = true; });
  RunLoop(io, reserve);
  no_memory = false;
  EXPECT_TRUE(next);
}

TEST(HttpMemoryReserve, FrontWithoutMemoryContinuesOnceItHasSome) {
  Server server(ListenOnLoopback(), {{"/", RespondWith("text")}});
  {
    const NoMemoryForOthers none(MemoryReserve::kPieces / 4);
    const test::HttpConnection client(server.ports().at(0));
    // Several attempts to accept, and pauses between them. They may close this client.
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return failures_of_others <= 0; }));
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
