#include "postgres/transaction_watch.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace scidex::postgres {
namespace {

using Shown = TransactionWatch::Shown;

// What the first tag that shows anything has shown.
Shown After(TransactionWatch& watch, const std::vector<std::string_view>& tags) {
  for (const std::string_view tag : tags) {
    if (const Shown shown = watch.OnTag(tag); shown != Shown::kNothing) return shown;
  }
  return Shown::kNothing;
}

Shown OfItsOwn(const std::vector<std::string_view>& tags) {
  TransactionWatch watch;
  return After(watch, tags);
}

Shown InOneOfOurs(bool sealed, const std::vector<std::string_view>& tags) {
  TransactionWatch watch;
  watch.OnBegun(sealed);
  return After(watch, tags);
}

TEST(TransactionWatch, AReadThatABorrowerCommitsItselfCouldHaveBeenAWrite) {
  for (const char* read :
       {"SELECT 1", "DO", "CALL", "FETCH 2", "MOVE 1", "COPY 3", "EXPLAIN", "DECLARE CURSOR"}) {
    EXPECT_EQ(OfItsOwn({"BEGIN", read, "COMMIT"}), Shown::kCouldHaveWritten) << read;
  }
  EXPECT_EQ(OfItsOwn({"START TRANSACTION", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, WhatIsRolledBackOrReadsNothingWasNoWrite) {
  EXPECT_EQ(OfItsOwn({"BEGIN", "SELECT 1", "ROLLBACK"}), Shown::kNothing);
  EXPECT_EQ(OfItsOwn({"BEGIN", "SHOW", "COMMIT"}), Shown::kNothing);
  EXPECT_EQ(OfItsOwn({"SELECT 1", "SET", "SELECT 1", "SHOW", "SELECT 1"}), Shown::kNothing);
}

TEST(TransactionWatch, AChainedTransactionIsLikeTheOneBefore) {
  EXPECT_EQ(OfItsOwn({"BEGIN", "COMMIT", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(OfItsOwn({"BEGIN", "ROLLBACK", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, ARollbackMayBeOneToASavepointThatLeavesAWrite) {
  EXPECT_EQ(OfItsOwn({"BEGIN", "SELECT 1", "SAVEPOINT", "ROLLBACK", "COMMIT"}),
            Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, AProgramOutsideOfATransactionMayBeginOthers) {
  EXPECT_EQ(OfItsOwn({"DO"}), Shown::kProgramOfItsOwn);
  EXPECT_EQ(OfItsOwn({"CALL"}), Shown::kProgramOfItsOwn);
  EXPECT_EQ(InOneOfOurs(false, {"DO", "CALL", "COMMIT"}), Shown::kNothing);
  EXPECT_EQ(InOneOfOurs(false, {"COMMIT", "DO"}), Shown::kProgramOfItsOwn);
}

TEST(TransactionWatch, OneOfOursIsInDoubtOnceASetMayHaveLiftedIt) {
  EXPECT_EQ(InOneOfOurs(false, {"SELECT 1", "COMMIT"}), Shown::kNothing);
  EXPECT_EQ(InOneOfOurs(false, {"SET", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(InOneOfOurs(false, {"RESET", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(InOneOfOurs(false, {"BEGIN", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(InOneOfOurs(false, {"SET CONSTRAINTS", "SELECT 1", "COMMIT"}), Shown::kNothing);
  // COMMIT AND CHAIN.
  EXPECT_EQ(InOneOfOurs(false, {"COMMIT", "SET", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, ReadAfterACommittedSetCouldHaveBeenAWrite) {
  const auto at_the_end = [](const std::vector<std::string_view>& tags) {
    TransactionWatch watch;
    EXPECT_EQ(After(watch, tags), Shown::kNothing) << tags.front();
    return watch.OnIdle();
  };
  EXPECT_EQ(at_the_end({"SET", "COMMIT", "SELECT 1", "SET"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(at_the_end({"BEGIN", "SET", "COMMIT", "SELECT 1"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(at_the_end({"BEGIN", "COMMIT", "BEGIN", "ROLLBACK", "SELECT 1"}),
            Shown::kCouldHaveWritten);
  // A ROLLBACK undoes the SET.
  EXPECT_EQ(at_the_end({"SET", "ROLLBACK", "SELECT 1", "SET"}), Shown::kNothing);
  EXPECT_EQ(at_the_end({"BEGIN", "SELECT 1", "ROLLBACK", "SELECT 1"}), Shown::kNothing);
  EXPECT_EQ(at_the_end({"SET", "COMMIT", "SET"}), Shown::kNothing);
  TransactionWatch watch;
  watch.OnBegun(false);
  EXPECT_EQ(After(watch, {"SELECT 1", "COMMIT", "SELECT 1"}), Shown::kNothing);
  EXPECT_EQ(watch.OnIdle(), Shown::kNothing) << "after one of ours";
}

TEST(TransactionWatch, TheServersWordClearsADoubt) {
  TransactionWatch watch;
  watch.OnBegun(false);
  After(watch, {"SET", "SELECT 1"});
  EXPECT_TRUE(watch.doubtful());
  watch.OnCleared();
  EXPECT_FALSE(watch.doubtful());
  EXPECT_EQ(After(watch, {"COMMIT"}), Shown::kNothing);
}

TEST(TransactionWatch, ABeginThatWasExpectedIsOneOfOursUnlessAnotherWasOpen) {
  TransactionWatch watch;
  watch.ExpectBegin(true);
  EXPECT_EQ(After(watch, {"BEGIN", "SELECT 1", "COMMIT"}), Shown::kNothing);
  EXPECT_EQ(watch.OnIdle(), Shown::kNothing);
  EXPECT_EQ(After(watch, {"BEGIN", "SELECT 1"}), Shown::kNothing);
  watch.ExpectBegin(true);
  EXPECT_EQ(After(watch, {"BEGIN", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  watch.ExpectBegin(true);
  watch.ExpectBegin(false);
  EXPECT_EQ(watch.OnIdle(), Shown::kNothing);
  EXPECT_EQ(After(watch, {"BEGIN", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, ASealedTransactionIsOnlyLeftByItsEnd) {
  EXPECT_EQ(InOneOfOurs(true, {"SET", "BEGIN", "SELECT 1", "DO", "SAVEPOINT", "ROLLBACK", "SET"}),
            Shown::kNothing);
  EXPECT_EQ(InOneOfOurs(true, {"COMMIT"}), Shown::kEndedTheTransaction);
  EXPECT_EQ(InOneOfOurs(true, {"ROLLBACK"}), Shown::kEndedTheTransaction);
  EXPECT_EQ(InOneOfOurs(true, {"SAVEPOINT", "ROLLBACK", "BEGIN"}), Shown::kEndedTheTransaction);
  TransactionWatch watch;
  watch.OnBegun(true);
  After(watch, {"SAVEPOINT", "ROLLBACK"});
  EXPECT_EQ(watch.OnIdle(), Shown::kEndedTheTransaction);
}

}  // namespace
}  // namespace scidex::postgres
