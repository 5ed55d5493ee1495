// Tracks whether the borrower of a read-only session could have written without a command
// tag that shows it.
//
// Only the tag of a statement is known, not its text: a BEGIN may be BEGIN READ WRITE, a SET may be
// SET TRANSACTION READ WRITE, and SELECT, DO and CALL may write. So if a borrower began or changed
// a transaction itself, reads in it and commits, the reads could have been writes.
#pragma once

#include <string_view>

namespace scidex::postgres {

// Must be used by one thread at a time.
class TransactionWatch {
 public:
  // What a statement, or the end of all statements, reveals.
  enum class Shown {
    kNothing,
    kCouldHaveWritten,     // in a transaction that the borrower began or changed, and committed
    kProgramOfItsOwn,      // a DO or CALL outside a transaction, which can begin transactions
    kEndedTheTransaction,  // the sealed transaction in which the session was lent
  };

  // The session is in no transaction.
  Shown OnIdle();
  // The pool has begun a READ ONLY transaction, in place of any other. A sealed one has taken its
  // snapshot: PostgreSQL refuses to lift READ ONLY.
  void OnBegun(bool sealed);
  // Whether the next BEGIN is that of a ReadTransaction.
  void ExpectBegin(bool expected) { begin_expected_ = expected; }
  // Must be called with the tag of each successful statement.
  Shown OnTag(std::string_view tag);

  // READ ONLY may have been lifted in the transaction, whether or not anything was read in it.
  bool may_write() const { return may_write_; }
  // The borrower could have written in a transaction whose end has not been seen yet.
  bool doubtful() const { return may_write_ && unseen_; }
  // The server reports that it has not written.
  void OnCleared() { unseen_ = may_write_ = false; }

 private:
  Shown OnBegin();
  Shown OnSet();
  Shown OnCommit(bool is_first);
  Shown OnRollback();

  // Unknown after a COMMIT, which may have been COMMIT AND CHAIN, and after a ROLLBACK, which may
  // have been ROLLBACK TO SAVEPOINT.
  enum class Block { kNone, kOpen, kUnknown };
  Block block_ = Block::kNone;
  bool sealed_ = false;
  bool begin_expected_ = false;
  // READ ONLY may have been lifted; then commands without a tag of their own may have written.
  bool may_write_ = false;
  bool unseen_ = false;
  bool has_savepoint_ = false;
  // A SET that makes the next transactions READ WRITE takes effect with a COMMIT. The end of a
  // transaction that a message of several statements implies shows no tag.
  bool may_have_committed_set_ = false;
  // There was a tag since the session was in no transaction.
  bool has_tag_ = false;
};

}  // namespace scidex::postgres
