#!/usr/bin/env python3
"""The verdicts on SQL, by PostgreSQL's parser and by words alone, which is how it is where pglast is missing."""

import unittest

import package  # noqa: F401

from scidex_pg_audit.sql import first_verb, judge, tree

# What each is, by the parser. None: not a write.
TABLE = {
    "SELECT 1": None,
    "(SELECT 1) UNION (SELECT 2 FOR UPDATE)": "SELECT FOR UPDATE",
    "INSERT INTO t VALUES (%s)": "INSERT",
    "/* a /* b */ c */ UPDATE t SET a = 1": "UPDATE",
    "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a": "DELETE",
    "WITH a AS (SELECT 1) UPDATE t SET a = 1": "UPDATE",
    "SELECT * INTO u FROM t": "SELECT INTO",
    "COPY t FROM STDIN": "COPY FROM",
    "COPY t TO STDOUT": None,
    "EXPLAIN DELETE FROM t": None,
    "EXPLAIN ANALYZE DELETE FROM t": "DELETE",
    "EXPLAIN (ANALYZE false) DELETE FROM t": None,
    "EXPLAIN (ANALYZE 0) DELETE FROM t": None,
    "EXPLAIN (ANALYZE off, VERBOSE) DELETE FROM t": None,
    "EXPLAIN (ANALYZE 1) DELETE FROM t": "DELETE",
    "CREATE OR REPLACE TEMP VIEW v AS SELECT 1": "CREATE VIEW",
    "CREATE UNIQUE INDEX i ON t (a)": "CREATE INDEX",
    "TRUNCATE t": "TRUNCATE",
    "SET default_transaction_read_only = off": "SET default_transaction_read_only",
    "SET default_transaction_read_only = on": None,
    "BEGIN READ WRITE": "SET default_transaction_read_only",
    "START TRANSACTION READ ONLY": None,
    "RESET default_transaction_read_only": "SET default_transaction_read_only",
    "PREPARE TRANSACTION 'x'": "PREPARE",
    "SELECT nextval('s')": "nextval",
    "SELECT lo_unlink(1)": "lo_unlink",
    "SELECT pg_stat_statements_reset()": "pg_stat_statements_reset",
    "DECLARE c CURSOR FOR SELECT 1 FOR UPDATE": "SELECT FOR UPDATE",
    "DO $$ BEGIN END $$": "DO",
    "CALL f()": "CALL",
    "SELECT 'UPDATE'; VALUES (1)": None,
    "SELECT 1; DROP TABLE t": "DROP TABLE",
}
# Words cannot tell these: a function's arguments, the mode of a lock.
BY_PARSER_ALONE = {
    "SELECT set_config('transaction_read_only', 'off', false)": "SET default_transaction_read_only",
    "LOCK TABLE t IN SHARE MODE": "LOCK",
    "LOCK TABLE t IN ROW SHARE MODE": None,
}


def verb(verdict):
    return verdict.verb if verdict.writes else None


class Sql(unittest.TestCase):
    def test_the_parser_is_there(self):
        self.assertTrue(tree.AVAILABLE, "install python3-pglast")

    def test_the_parser_knows_each_verb(self):
        for text, expected in (TABLE | BY_PARSER_ALONE).items():
            with self.subTest(text):
                self.assertEqual(verb(judge.judge(text)), expected)

    def test_words_alone_find_the_same_verbs(self):
        for text, expected in TABLE.items():
            with self.subTest(text):
                self.assertEqual(verb(first_verb.judge(text)), expected)

    def test_without_a_parser_words_decide(self):
        available, tree.AVAILABLE = tree.AVAILABLE, False
        judge.judge.cache_clear()
        try:
            self.assertEqual(verb(judge.judge("UPDATE t SET a = 1")), "UPDATE")
            self.assertIsNone(verb(judge.judge("SELECT 1")))
        finally:
            tree.AVAILABLE = available
            judge.judge.cache_clear()

    def test_holes_leave_a_known_verb_known(self):
        hole = judge.HOLE
        for text in (f"UPDATE {hole} SET {hole} WHERE {hole}", f"INSERT INTO {hole} {hole}", f"DELETE FROM t {hole}"):
            with self.subTest(text):
                self.assertEqual(judge.judge(text).certainty, "certain")
        self.assertEqual(judge.judge(f"{hole} UPDATE t SET a = 1").certainty, "possible")
        self.assertEqual(judge.judge(f"SELECT {hole} FROM {hole} WHERE a = %s {hole}").certainty, "no write")
        self.assertEqual(judge.judge(hole).certainty, "unknown")

    def test_a_text_that_is_no_sql_is_unknown(self):
        for text in ("hello", "12", "'"):
            self.assertEqual(judge.judge(text).certainty, "unknown", text)

    def test_deep_nesting_and_long_texts_are_judged(self):
        deep = "SELECT " + "(" * 5_000 + "1" + ")" * 5_000
        self.assertFalse(judge.judge(deep).writes)
        self.assertTrue(judge.judge("UPDATE t SET a = " + "1 + " * 300_000 + "1").writes)

    def test_more_functions_that_write_are_known_by_name(self):
        self.assertFalse(judge.judge("SELECT take()").writes)
        self.assertTrue(judge.judge("SELECT take()", frozenset(("take",))).writes)


if __name__ == "__main__":
    unittest.main()
