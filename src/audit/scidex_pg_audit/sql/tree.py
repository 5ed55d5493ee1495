"""A verdict by PostgreSQL's own parser in pglast. Uses its tree in JSON, which is stable across versions."""

import json
import re
from collections.abc import Iterator
from typing import Any

from scidex_pg_audit.sql.first_verb import defined
from scidex_pg_audit.sql.functions import READ_ONLY_SETTINGS, judge_call, lift
from scidex_pg_audit.sql.tokens import tokens
from scidex_pg_audit.sql.verdict import CERTAIN, NOT_KNOWN, POSSIBLE, READS, Verdict, worst

try:
    from pglast.parser import ParseError, parse_sql_json
    AVAILABLE = True
except ImportError:
    AVAILABLE = False

Tree = dict[str, Any]

CHANGES = {"InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE", "MergeStmt": "MERGE"}
HARMLESS = frozenset("""VariableShowStmt FetchStmt ClosePortalStmt DeallocateStmt DiscardStmt ListenStmt UnlistenStmt
    LoadStmt CheckPointStmt ConstraintsSetStmt""".split())
STRENGTHS = {"LCS_FORUPDATE": "FOR UPDATE", "LCS_FORNOKEYUPDATE": "FOR NO KEY UPDATE", "LCS_FORSHARE": "FOR SHARE",
             "LCS_FORKEYSHARE": "FOR KEY SHARE"}
COMMITS = {"TRANS_STMT_COMMIT": POSSIBLE, "TRANS_STMT_PREPARE": CERTAIN, "TRANS_STMT_COMMIT_PREPARED": CERTAIN,
           "TRANS_STMT_ROLLBACK_PREPARED": CERTAIN}
# The strongest lock that PostgreSQL allows in a read-only transaction: ROW EXCLUSIVE.
HARMLESS_LOCK = 3
# The parser reports an error for deeper nesting, but later steps may not.
DEEPEST = 200
LONGEST = 1_000_000
BRACKETS = re.compile(r"[(\[]|[)\]]|\bCASE\b|\bSELECT\b", re.IGNORECASE)


def judge(text: str, more: frozenset[str] = frozenset()) -> Verdict | None:
    """None if PostgreSQL does not accept `text` as SQL."""
    if not AVAILABLE or len(text) > LONGEST or "\0" in text or too_deep(text):
        return None
    try:
        statements = json.loads(parse_sql_json(text)).get("stmts", [])
    except (ParseError, ValueError, RecursionError):
        return None
    return worst([judge_statement(one["stmt"], part(text, one), more) for one in statements if "stmt" in one])


def too_deep(text: str) -> bool:
    if len(BRACKETS.findall(text)) < DEEPEST:
        return False
    depth = deepest = 0
    for match in BRACKETS.finditer(text):
        depth += -1 if match[0] in ")]" else match[0] in "(["
        deepest = max(deepest, depth)
    return deepest >= DEEPEST


def part(text: str, statement: Tree) -> str:
    """The text of one statement; the parser counts bytes."""
    start = statement.get("stmt_location", 0)
    raw = text.encode()
    return raw[start:start + (statement.get("stmt_len") or len(raw))].decode(errors="replace")


def judge_statement(statement: Tree, text: str, more: frozenset[str]) -> Verdict:
    kind, node = next(iter(statement.items()))
    if kind in HARMLESS:
        return READS
    judge_kind = KINDS.get(kind)
    if judge_kind is not None:
        return judge_kind(node, text, more)
    if kind in CHANGES:
        return Verdict(CERTAIN, CHANGES[kind])
    return Verdict(CERTAIN, defined(list(tokens(text))))


def judge_select(node: Tree, text: str, more: frozenset[str]) -> Verdict:
    found = [READS]
    for kind, inner in nodes(node, "SelectStmt"):
        if kind in CHANGES:
            found.append(Verdict(CERTAIN, CHANGES[kind]))
        elif kind == "LockingClause":
            found.append(Verdict(CERTAIN, "SELECT " + STRENGTHS.get(inner.get("strength", ""), "FOR UPDATE")))
        elif kind == "FuncCall":
            found.append(judge_call(last_name(inner), constants(inner), more))
        elif kind == "SelectStmt" and "intoClause" in inner:
            found.append(Verdict(CERTAIN, "SELECT INTO"))
    return worst(found)


def judge_inner(node: Tree, text: str, more: frozenset[str]) -> Verdict:
    return judge_statement(node["query"], text, more) if "query" in node else READS


def judge_copy(node: Tree, text: str, more: frozenset[str]) -> Verdict:
    return Verdict(CERTAIN, "COPY FROM") if node.get("is_from") else judge_inner(node, text, more)


def judge_explain(node: Tree, text: str, more: frozenset[str]) -> Verdict:
    for option in node.get("options", []):
        element = option.get("DefElem", {})
        if element.get("defname") == "analyze" and (constant(element.get("arg", {})) or "on").lower() not in (
                "off", "false", "0"):
            return judge_inner(node, text, more)
    return READS


def judge_prepare(node: Tree, text: str, more: frozenset[str]) -> Verdict:
    return READS._replace(prepares=((node.get("name", ""), judge_inner(node, text, more)),))


def judge_transaction(node: Tree, text: str, more: frozenset[str]) -> Verdict:
    kind = node.get("kind", "")
    if kind in COMMITS:
        return Verdict(COMMITS[kind], kind.removeprefix("TRANS_STMT_").replace("_", " "))
    return judge_modes(node.get("options", []))


def judge_modes(options: list[Tree]) -> Verdict:
    return worst([lift(constant(option.get("DefElem", {}).get("arg", {}))) for option in options
                  if option.get("DefElem", {}).get("defname") == "transaction_read_only"])


def judge_set(node: Tree, text: str, more: frozenset[str]) -> Verdict:
    if node.get("kind") == "VAR_SET_MULTI":
        return judge_modes(node.get("args", []))
    if node.get("name", "").lower() not in READ_ONLY_SETTINGS:
        return READS
    arguments = node.get("args", [])
    return lift(constant(arguments[0]) if arguments else None)


def judge_lock(node: Tree, text: str, more: frozenset[str]) -> Verdict:
    return Verdict(CERTAIN, "LOCK") if node.get("mode", 8) > HARMLESS_LOCK else READS


def nodes(tree: Any, kind: str) -> Iterator[tuple[str, Tree]]:
    """The node and all below it, each with its kind."""
    waiting: list[tuple[str, Any]] = [(kind, tree)]
    while waiting:
        key, node = waiting.pop()
        if isinstance(node, dict):
            yield ("SelectStmt" if key in ("larg", "rarg") else key), node
            waiting.extend(node.items())
        elif isinstance(node, list):
            waiting.extend((key, one) for one in node)


def last_name(call: Tree) -> str:
    return call.get("funcname", [{}])[-1].get("String", {}).get("sval", "")


def constants(call: Tree) -> list[str | None]:
    return [constant(argument) for argument in call.get("args", [])]


def constant(node: Tree) -> str | None:
    """A literal as text; otherwise None."""
    node = node.get("TypeCast", {}).get("arg", node)
    value = node.get("A_Const", node)
    for key, field in (("sval", "sval"), ("String", "sval"), ("boolval", "boolval"), ("fval", "fval")):
        if key in value:
            held = value[key].get(field, False) if isinstance(value[key], dict) else value[key]
            return str(held)
    if "ival" in value or "Integer" in value:
        return str((value.get("ival") or value.get("Integer") or {}).get("ival", 0))
    return None


KINDS = {
    "SelectStmt": judge_select,
    "CopyStmt": judge_copy,
    "ExplainStmt": judge_explain,
    "PrepareStmt": judge_prepare,
    "ExecuteStmt": lambda node, text, more: NOT_KNOWN._replace(executes=node.get("name", "")),
    "DeclareCursorStmt": judge_inner,
    "CallStmt": lambda node, text, more: Verdict(POSSIBLE, "CALL"),
    "DoStmt": lambda node, text, more: Verdict(POSSIBLE, "DO"),
    "NotifyStmt": lambda node, text, more: Verdict(POSSIBLE, "NOTIFY"),
    "TransactionStmt": judge_transaction,
    "VariableSetStmt": judge_set,
    "LockStmt": judge_lock,
}
