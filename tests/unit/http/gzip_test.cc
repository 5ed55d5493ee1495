#include "http/gzip.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

#include "unit/http/fixture.h"
#include "unit/http/gunzip.h"

namespace scidex::http {
namespace {

std::string Family(const std::string& name, std::size_t series, const std::string& value) {
  std::string text = "# HELP " + name + " Some.\n# TYPE " + name + " gauge\n";
  for (std::size_t i = 0; i < series; ++i) {
    text += name + "{number=\"" + std::to_string(i) + "\"} " + value + '\n';
  }
  return text;
}

TEST(HttpGzip, BringsBackTheSameBytesHoweverTheyAreDivided) {
  GzipCache cache;
  const std::string small = Family("small", 10, "1");
  const std::string large = Family("large", 9000, "1");
  for (const std::string& text :
       {std::string(), std::string("x"), small, large, small + large, large + small, small + small,
        small + large + small + Family("other", 5000, "2") + large + small, TextOfSize(500'000)}) {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(Gunzip(cache.Compress(text)) == text) << text.size();
  }
}

TEST(HttpGzip, LargeFamilyThatHasNotChangedIsNotCompressedAgain) {
  GzipCache cache;
  const std::string large = Family("large", 9000, "1");
  cache.Compress(Family("a", 1, "1") + large + Family("z", 1, "1"));
  const std::size_t before = cache.compressed_bytes();
  const std::string changed = Family("a", 1, "12345") + large + Family("z", 2, "1");
  EXPECT_TRUE(Gunzip(cache.Compress(changed)) == changed);
  EXPECT_EQ(cache.compressed_bytes() - before, changed.size() - large.size());
}

TEST(HttpGzip, FamilyThatHasChangedIsCompressedAgain) {
  GzipCache cache;
  cache.Compress(Family("large", 9000, "1"));
  const std::string changed = Family("large", 9000, "2");
  const std::size_t before = cache.compressed_bytes();
  EXPECT_TRUE(Gunzip(cache.Compress(changed)) == changed);
  EXPECT_EQ(cache.compressed_bytes() - before, changed.size());
}

// Sanitizers have their own allocator.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(HttpGzip, CompressedPartTakesNoMemoryForTheTextItCameFrom) {
  const auto used = [] {
    const auto memory = mallinfo2();
    return memory.uordblks + memory.hblkhd;
  };
  GzipCache cache;
  const std::string large = Family("large", 90'000, "1");
  const std::size_t before = used();
  cache.Compress(large);
  EXPECT_LT(used() - before, large.size() * 3 / 2);
}
#endif

// Otherwise each exposition would stay in memory until the limit is reached.
TEST(HttpGzip, OnlyTheLatestTextOfALargeFamilyIsRemembered) {
  GzipCache cache;
  cache.Compress(Family("large", 9000, "10"));
  const std::size_t once = cache.cached_bytes();
  EXPECT_GT(once, 9000u);
  for (int i = 10; i < 30; ++i) cache.Compress(Family("large", 9000, std::to_string(i)));
  EXPECT_LT(cache.cached_bytes(), once + once / 10);
}

TEST(HttpGzip, SmallFamiliesAndOtherTextAreNotRemembered) {
  GzipCache cache;
  std::string families;
  for (int i = 0; i < 1000; ++i) families += Family("small_" + std::to_string(i), 10, "1");
  cache.Compress(families);
  cache.Compress(TextOfSize(400'000));
  EXPECT_EQ(cache.cached_bytes(), 0u);
}

TEST(HttpGzip, WhatIsRememberedIsBounded) {
  GzipCache cache;
  const std::string first = Family("large", 9000, "1");
  cache.Compress(first);
  for (int i = 0; i < 100; ++i) cache.Compress(Family("large_" + std::to_string(i), 18000, "1"));
  EXPECT_LE(cache.cached_bytes(), std::size_t{16} << 20);
  const std::size_t before = cache.compressed_bytes();
  cache.Compress(first);
  EXPECT_EQ(cache.compressed_bytes() - before, first.size());
}

}  // namespace
}  // namespace scidex::http
