// A server whose memory is exhausted.
#include "http/memory_reserve.h"

#include <gtest/gtest.h>

#include <asio/async_result.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/awaitable.h"
#include "http/run_loop.h"
#include "support/eventually.h"
#include "support/http_client.h"
#include "support/no_memory.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

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
  const test::NoMemory none;
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
    const test::NoMemory none;
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
  const test::NoMemory none;
  EXPECT_THROW(MemoryReserve(), std::bad_alloc);
}

TEST(HttpMemoryReserve, BelongsToOneThread) {
  const MustNotFail scope;
  const test::NoMemory none;
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
    const test::NoMemory none;
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
  std::optional<test::NoMemory> none;
  asio::post(io, [&none] {
    none.emplace();
    const MayFail scope;
    throw std::runtime_error(std::string(1000, 'x'));
  });
  asio::post(io, [&] { next = true; });
  RunLoop(io, reserve);
  none.reset();
  EXPECT_TRUE(next);
}

TEST(HttpMemoryReserve, FrontWithoutMemoryContinuesOnceItHasSome) {
  Server server(ListenOnLoopback(), {{"/", RespondWith("text")}});
  {
    const test::NoMemoryForOthers none(MemoryReserve::kPieces / 4);
    const test::HttpConnection client(server.ports().at(0));
    // Several attempts to accept, and pauses between them. They may close this client.
    ASSERT_TRUE(test::Eventually(test::kPatience, [&] { return none.AllHaveFailed(); }));
  }
  EXPECT_EQ(test::Get(server.ports().at(0), "/").code, 200);
}

}  // namespace
}  // namespace scidex::http
