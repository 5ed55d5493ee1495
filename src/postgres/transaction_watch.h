// Whether the borrower of a read-only session could have written without a command tag that tells.
//
// Of a statement only its tag is known, not its text: a BEGIN may be a BEGIN READ WRITE, a SET may
// be a SET TRANSACTION READ WRITE, and a SELECT, a DO or a CALL may write. So what a borrower reads
// in a transaction that it began or changed itself, and commits, could have been a write.
#pragma once

#include <string_view>

namespace scidex::postgres {

// Used by one thread at a time.
class TransactionWatch {
 public:
  // What a statement, or the end of all statements, has shown.
  enum class Shown {
    kNothing,
    kCouldHaveWritten,     // in a transaction of the borrower's own, which it committed
    kProgramOfItsOwn,      // a DO or a CALL outside of a transaction, which can begin others
    kEndedTheTransaction,  // the sealed one that it was lent in
  };

  // The session is in no transaction.
  Shown OnIdle();
  // The pool has begun a READ ONLY transaction, in place of any other. A sealed one has taken its
  // snapshot: PostgreSQL lifts READ ONLY no more.
  void OnBegun(bool sealed);
  // The next BEGIN is one of a ReadTransaction, or it does not come.
  void ExpectBegin(bool expected) { begin_expected_ = expected; }
  // By the tag of a statement that succeeded.
  Shown OnTag(std::string_view tag);

  // It could have written in a transaction whose end was not seen yet.
  bool doubtful() const { return may_write_ && unseen_; }
  // The server says that it has not written.
  void OnCleared() { unseen_ = may_write_ = false; }

 private:
  Shown OnBegin();
  Shown OnSet();
  Shown OnCommit();
  Shown OnRollback();

  // Unknown after a COMMIT, which may have had AND CHAIN, and after a ROLLBACK, which may have been
  // one TO SAVEPOINT.
  enum class Block { kNone, kOpen, kUnknown };
  Block block_ = Block::kNone;
  bool sealed_ = false;
  bool begin_expected_ = false;
  // READ ONLY may have been lifted; then what has no tag of its own may have written.
  bool may_write_ = false;
  bool unseen_ = false;
  bool has_savepoint_ = false;
};

}  // namespace scidex::postgres
