"""A verdict by words only: used without pglast, and for SQL that it does not parse, such as SQL with holes."""

from scidex_pg_audit.sql.functions import CERTAIN_WRITES, POSSIBLE_WRITES, lift
from scidex_pg_audit.sql.tokens import tokens
from scidex_pg_audit.sql.verdict import CERTAIN, NOT_KNOWN, POSSIBLE, READS, Verdict, worst

CHANGES = frozenset(("INSERT", "UPDATE", "DELETE", "MERGE"))
DEFINITIONS = frozenset("""CREATE ALTER DROP TRUNCATE GRANT REVOKE COMMENT REINDEX REFRESH CLUSTER VACUUM ANALYZE IMPORT
    REASSIGN SECURITY""".split())
TWO_WORDS = frozenset(("CREATE", "ALTER", "DROP"))
BETWEEN = frozenset("OR REPLACE TEMP TEMPORARY GLOBAL LOCAL UNLOGGED UNIQUE TRUSTED PROCEDURAL".split())
PERHAPS = frozenset(("CALL", "DO", "NOTIFY", "COMMIT", "END"))
QUERIES = frozenset(("SELECT", "VALUES", "TABLE", "WITH"))
HARMLESS = frozenset("""SHOW FETCH CLOSE DEALLOCATE DISCARD LISTEN UNLISTEN ROLLBACK ABORT SAVEPOINT RELEASE RESET
    CHECKPOINT MOVE LOAD""".split())
READ_ONLY_WORDS = frozenset(("DEFAULT_TRANSACTION_READ_ONLY", "TRANSACTION_READ_ONLY"))
LOCKS = (("FOR", "UPDATE"), ("FOR", "NO", "KEY", "UPDATE"), ("FOR", "SHARE"), ("FOR", "KEY", "SHARE"))


def judge(text: str, more: frozenset[str] = frozenset()) -> Verdict:
    """`more` are further functions that write."""
    statements: list[list[str]] = [[]]
    for token in tokens(text):
        if token == ";":
            statements.append([])
        else:
            statements[-1].append(token)
    return worst([judge_statement(words, more) for words in statements if words])


def judge_statement(words: list[str], more: frozenset[str]) -> Verdict:
    while words and words[0] == "(":
        words = words[1:]
    verb = words[0] if words else ""
    if verb in CHANGES:
        return Verdict(CERTAIN, verb)
    if verb in DEFINITIONS:
        return Verdict(CERTAIN, defined(words))
    if verb in PERHAPS:
        return Verdict(POSSIBLE, "COMMIT" if verb == "END" else verb)
    if verb in QUERIES:
        return judge_query(words, more)
    if verb == "COPY":
        return judge_copy(words, more)
    if verb == "EXPLAIN":
        return judge_explain(words, more)
    if verb == "SET":
        return judge_set(words)
    if verb in ("BEGIN", "START"):
        return judge_set(words)
    if verb == "RESET" and READ_ONLY_WORDS & set(words):
        return lift(None)
    if words[:2] in (["PREPARE", "TRANSACTION"], ["COMMIT", "PREPARED"], ["ROLLBACK", "PREPARED"]):
        return Verdict(CERTAIN, "PREPARE" if verb == "PREPARE" else " ".join(words[:2]))
    if verb == "PREPARE" and "AS" in words:
        inner = judge_statement(words[words.index("AS") + 1:], more)
        return READS._replace(prepares=((words[1].lower(), inner),))
    if verb == "EXECUTE" and len(words) > 1:
        return NOT_KNOWN._replace(executes=words[1].lower())
    if verb == "DECLARE" and "FOR" in words:
        return judge_statement(words[words.index("FOR") + 1:], more)
    return READS if verb in HARMLESS else NOT_KNOWN


def defined(words: list[str]) -> str:
    """CREATE TABLE, also with OR REPLACE TEMP UNLOGGED in between."""
    if words[0] not in TWO_WORDS:
        return words[0]
    return " ".join((words[0], *[word for word in words[1:] if word not in BETWEEN][:1]))


def judge_query(words: list[str], more: frozenset[str]) -> Verdict:
    found = [READS]
    if words[0] == "WITH" and not any(word in QUERIES | CHANGES and before == ")" for before, word in outermost(words)):
        found = [NOT_KNOWN]
    depth = 0
    for position, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        before = words[position - 1] if position else ""
        called = words[position + 1:position + 2] == ["("]
        if word in CHANGES and (before == "(" or (depth == 0 and before == ")")):
            found.append(Verdict(CERTAIN, word))
        elif word == "INTO" and depth == 0 and words[0] == "SELECT":
            found.append(Verdict(CERTAIN, "SELECT INTO"))
        elif word == "FOR" and any(tuple(words[position:position + len(lock)]) == lock for lock in LOCKS):
            found.append(Verdict(CERTAIN, "SELECT " + " ".join(next(
                lock for lock in LOCKS if tuple(words[position:position + len(lock)]) == lock))))
        elif called and (word.lower() in CERTAIN_WRITES or word.lower() in more):
            found.append(Verdict(CERTAIN, word.lower()))
        elif called and word.lower() in POSSIBLE_WRITES:
            found.append(Verdict(POSSIBLE, word.lower()))
    return worst(found)


def outermost(words: list[str]) -> list[tuple[str, str]]:
    """The words outside all parentheses, each with the preceding word."""
    found, depth = [], 0
    for before, word in zip(["", *words], words):
        depth += word == "("
        if depth == 0:
            found.append((before, word))
        depth -= word == ")"
    return found


def judge_copy(words: list[str], more: frozenset[str]) -> Verdict:
    depth = 0
    for position, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "FROM":
            return Verdict(CERTAIN, "COPY FROM")
        if depth == 1 and words[position - 1] == "(" and word in CHANGES:
            return Verdict(CERTAIN, word)
    return READS


def judge_explain(words: list[str], more: frozenset[str]) -> Verdict:
    start = next((position for position, word in enumerate(words) if word in CHANGES | QUERIES), len(words))
    options = words[:start]
    runs = "ANALYZE" in options and not set(options[options.index("ANALYZE"):][1:2]) & {"FALSE", "OFF", "0"}
    return judge_statement(words[start:], more) if runs else READS


def judge_set(words: list[str]) -> Verdict:
    if "READ" in words and "WRITE" in words:
        return lift("off")
    if READ_ONLY_WORDS & set(words):
        return lift(words[-1] if words[-1].isalnum() else None)
    return READS
