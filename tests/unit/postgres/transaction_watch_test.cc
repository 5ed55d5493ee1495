#include "postgres/transaction_watch.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace scidex::postgres {
namespace {

using Shown = TransactionWatch::Shown;

// The result of the first tag that has one.
Shown FirstShown(TransactionWatch& watch, const std::vector<std::string_view>& tags) {
  for (const std::string_view tag : tags) {
    if (const Shown shown = watch.OnTag(tag); shown != Shown::kNothing) return shown;
  }
  return Shown::kNothing;
}

Shown ShownWithoutOurs(const std::vector<std::string_view>& tags) {
  TransactionWatch watch;
  return FirstShown(watch, tags);
}

Shown ShownInOurs(bool sealed, const std::vector<std::string_view>& tags) {
  TransactionWatch watch;
  watch.OnBegun(sealed);
  return FirstShown(watch, tags);
}

TEST(TransactionWatch, AReadThatABorrowerCommitsItselfCouldHaveBeenAWrite) {
  for (const char* read :
       {"SELECT 1", "DO", "CALL", "FETCH 2", "MOVE 1", "COPY 3", "EXPLAIN", "DECLARE CURSOR"}) {
    EXPECT_EQ(ShownWithoutOurs({"BEGIN", read, "COMMIT"}), Shown::kCouldHaveWritten) << read;
  }
  EXPECT_EQ(ShownWithoutOurs({"START TRANSACTION", "SELECT 1", "COMMIT"}),
            Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, WhatIsRolledBackOrReadsNothingWasNoWrite) {
  EXPECT_EQ(ShownWithoutOurs({"BEGIN", "SELECT 1", "ROLLBACK"}), Shown::kNothing);
  EXPECT_EQ(ShownWithoutOurs({"BEGIN", "SHOW", "COMMIT"}), Shown::kNothing);
  EXPECT_EQ(ShownWithoutOurs({"SELECT 1", "SET", "SELECT 1", "SHOW", "SELECT 1"}), Shown::kNothing);
}

TEST(TransactionWatch, AChainedTransactionIsLikeTheOneBefore) {
  EXPECT_EQ(ShownWithoutOurs({"BEGIN", "COMMIT", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(ShownWithoutOurs({"BEGIN", "ROLLBACK", "SELECT 1", "COMMIT"}),
            Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, ARollbackMayBeOneToASavepointThatLeavesAWrite) {
  EXPECT_EQ(ShownWithoutOurs({"BEGIN", "SELECT 1", "SAVEPOINT", "ROLLBACK", "COMMIT"}),
            Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, AProgramOutsideOfATransactionMayBeginOthers) {
  EXPECT_EQ(ShownWithoutOurs({"DO"}), Shown::kProgramOfItsOwn);
  EXPECT_EQ(ShownWithoutOurs({"CALL"}), Shown::kProgramOfItsOwn);
  EXPECT_EQ(ShownInOurs(false, {"DO", "CALL", "COMMIT"}), Shown::kNothing);
  EXPECT_EQ(ShownInOurs(false, {"COMMIT", "DO"}), Shown::kProgramOfItsOwn);
}

TEST(TransactionWatch, OneOfOursIsInDoubtOnceASetMayHaveLiftedIt) {
  EXPECT_EQ(ShownInOurs(false, {"SELECT 1", "COMMIT"}), Shown::kNothing);
  EXPECT_EQ(ShownInOurs(false, {"SET", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(ShownInOurs(false, {"RESET", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(ShownInOurs(false, {"BEGIN", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  EXPECT_EQ(ShownInOurs(false, {"SET CONSTRAINTS", "SELECT 1", "COMMIT"}), Shown::kNothing);
  // COMMIT AND CHAIN.
  EXPECT_EQ(ShownInOurs(false, {"COMMIT", "SET", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, ReadAfterACommittedSetCouldHaveBeenAWrite) {
  const auto at_the_end = [](const std::vector<std::string_view>& tags) {
    TransactionWatch watch;
    EXPECT_EQ(FirstShown(watch, tags), Shown::kNothing) << tags.front();
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
  // Nothing could be committed.
  EXPECT_EQ(at_the_end({"COMMIT", "SELECT 1"}), Shown::kNothing);
  TransactionWatch watch;
  watch.OnBegun(false);
  EXPECT_EQ(FirstShown(watch, {"SELECT 1", "COMMIT", "SELECT 1"}), Shown::kNothing);
  EXPECT_EQ(watch.OnIdle(), Shown::kNothing) << "after one of ours";
}

TEST(TransactionWatch, TheServersWordClearsADoubt) {
  TransactionWatch watch;
  watch.OnBegun(false);
  FirstShown(watch, {"SET", "SELECT 1"});
  EXPECT_TRUE(watch.doubtful());
  watch.OnCleared();
  EXPECT_FALSE(watch.doubtful());
  EXPECT_EQ(FirstShown(watch, {"COMMIT"}), Shown::kNothing);
}

TEST(TransactionWatch, ABeginThatWasExpectedIsOneOfOursUnlessAnotherWasOpen) {
  TransactionWatch watch;
  watch.ExpectBegin(true);
  EXPECT_EQ(FirstShown(watch, {"BEGIN", "SELECT 1", "COMMIT"}), Shown::kNothing);
  EXPECT_EQ(watch.OnIdle(), Shown::kNothing);
  EXPECT_EQ(FirstShown(watch, {"BEGIN", "SELECT 1"}), Shown::kNothing);
  watch.ExpectBegin(true);
  EXPECT_EQ(FirstShown(watch, {"BEGIN", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
  watch.ExpectBegin(true);
  watch.ExpectBegin(false);
  EXPECT_EQ(watch.OnIdle(), Shown::kNothing);
  EXPECT_EQ(FirstShown(watch, {"BEGIN", "SELECT 1", "COMMIT"}), Shown::kCouldHaveWritten);
}

TEST(TransactionWatch, ASealedTransactionIsOnlyLeftByItsEnd) {
  EXPECT_EQ(ShownInOurs(true, {"SET", "BEGIN", "SELECT 1", "DO", "SAVEPOINT", "ROLLBACK", "SET"}),
            Shown::kNothing);
  EXPECT_EQ(ShownInOurs(true, {"COMMIT"}), Shown::kEndedTheTransaction);
  EXPECT_EQ(ShownInOurs(true, {"ROLLBACK"}), Shown::kEndedTheTransaction);
  EXPECT_EQ(ShownInOurs(true, {"SAVEPOINT", "ROLLBACK", "BEGIN"}), Shown::kEndedTheTransaction);
  TransactionWatch watch;
  watch.OnBegun(true);
  FirstShown(watch, {"SAVEPOINT", "ROLLBACK"});
  EXPECT_EQ(watch.OnIdle(), Shown::kEndedTheTransaction);
}

}  // namespace
}  // namespace scidex::postgres
