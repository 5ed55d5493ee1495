#include "base/local_failure.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <new>
#include <system_error>

#include "support/local_limits.h"

namespace scidex::base {
namespace {

TEST(LocalFailure, IsDistinguishedFromOtherErrorsByErrno) {
  EXPECT_EQ(LocalResourceOf(EMFILE), LocalResource::kDescriptors);
  EXPECT_EQ(LocalResourceOf(ENFILE), LocalResource::kDescriptors);
  EXPECT_EQ(LocalResourceOf(ENOMEM), LocalResource::kMemory);
  EXPECT_EQ(LocalResourceOf(ENOBUFS), LocalResource::kMemory);
  EXPECT_EQ(LocalResourceOf(ECONNREFUSED), std::nullopt);
}

TEST(LocalFailure, IsDistinguishedFromOtherExceptions) {
  EXPECT_EQ(LocalResourceOf(std::bad_alloc()), LocalResource::kMemory);
  EXPECT_EQ(LocalResourceOf(std::system_error(EMFILE, std::generic_category())),
            LocalResource::kDescriptors);
  EXPECT_EQ(LocalResourceOf(std::system_error(EAGAIN, std::generic_category())),
            LocalResource::kThreads);
  EXPECT_EQ(LocalResourceOf(LocalFailure(LocalResource::kThreads, "none")),
            LocalResource::kThreads);
  EXPECT_EQ(LocalResourceOf(std::runtime_error("another")), std::nullopt);
}

TEST(LocalFailure, IsCountedWhenItIsMade) {
  const auto before = LocalFailureCounts();
  const LocalFailure failure(LocalResource::kMemory, "none left");
  CountLocalFailure(LocalResource::kThreads);
  const auto after = LocalFailureCounts();
  EXPECT_EQ(after[LocalResource::kMemory], before[LocalResource::kMemory] + 1);
  EXPECT_EQ(after[LocalResource::kThreads], before[LocalResource::kThreads] + 1);
  EXPECT_EQ(after[LocalResource::kDescriptors], before[LocalResource::kDescriptors]);
}

TEST(LocalFailure, DescriptorsAreFoundToBeMissing) {
  EXPECT_TRUE(CanOpenDescriptors(4));
  {
    const test::NoDescriptorsLeft none;
    EXPECT_FALSE(CanOpenDescriptors(1));
  }
  EXPECT_TRUE(CanOpenDescriptors(4));
}

}  // namespace
}  // namespace scidex::base
