"""Converts effects on handles to findings."""

from __future__ import annotations

from scidex_pg_audit.configuration import Configuration, Verb
from scidex_pg_audit.effects import Effect, sql_argument
from scidex_pg_audit.findings import Finding
from scidex_pg_audit.guards import contradicts
from scidex_pg_audit.paths import extended
from scidex_pg_audit.sql import judge as sql
from scidex_pg_audit.sql.functions import SET_READ_ONLY
from scidex_pg_audit.sql.verdict import CERTAIN, NO_WRITE, NOT_KNOWN, ORDER, POSSIBLE, READS, Verdict, worst
from scidex_pg_audit.values import (NO_GUARDS, NOTHING, READ, Arguments, Constant, Handle, Method, Prepared, Statement,
                                    Step, Text, Value, literal, only)

# The verb of unknown SQL.
UNKNOWN_SQL = "UNKNOWN"
# Transaction blocks that may state that they write.
OPENING = frozenset(("transaction", "begin"))


class Judge:
    def __init__(self, configuration: Configuration, strict: bool, prepares: list[str], routed: bool = False) -> None:
        self.configuration = configuration
        self.strict = strict
        # Whether a router chooses the database in which objects are saved.
        self.routed = routed
        # Statements that are prepared in any file, by name.
        self.prepared: dict[str, Verdict] = {}
        for text in prepares:
            self.prepared.update(sql.judge(text, configuration.sql_functions).prepares)

    def findings(self, effects: list[Effect]) -> list[Finding]:
        """At most one finding for each place, the most certain one."""
        best: dict[tuple[str, int, int, str], Finding] = {}
        for effect in effects:
            finding = self.finding(effect)
            if finding is None:
                continue
            key = (finding.file, finding.line, finding.column, finding.function)
            other = best.get(key)
            if other is None or finding.rank() < other.rank():
                best[key] = finding
        return sorted(best.values(), key=lambda one: (one.file, one.line, one.column, one.verb))

    def finding(self, effect: Effect) -> Finding | None:
        found: list[tuple[Verdict, Handle, int]] = []
        sure = True
        for atom in effect.callee:
            handles = read_handles(atom)
            sure = sure and bool(handles)
            for handle in handles:
                assert isinstance(atom, Method)
                verdict, known_at = self.of_method(atom, handle, effect)
                sure = sure and verdict.certainty == CERTAIN
                found.append((verdict, handle, known_at))
        if not found:
            return None
        verdict, handle, known_at = min(
            found, key=lambda one: (ORDER.index(one[0].certainty), one[0].verb, one[1].path))
        if verdict.certainty == NO_WRITE or (not verdict.writes and not self.strict):
            return None
        verb = verdict.verb if verdict.writes else UNKNOWN_SQL
        if verb.upper() in self.configuration.ignored_verbs:
            return None
        site = effect.trail[min(known_at, len(effect.trail) - 1)]
        path = handle.path
        for one in reversed(effect.trail):
            path = extended(path, Step(one.file, one.line))
        return Finding(site.file, site.line, site.end_line, site.column, site.function, site.receiver, verb,
                       CERTAIN if sure and verdict.certainty == CERTAIN else POSSIBLE, path)

    def of_method(self, method: Method, handle: Handle, effect: Effect) -> tuple[Verdict, int]:
        """The verdict on a method of a handle, and the index in the trail at which it is known."""
        configuration, name, arguments = self.configuration, method.name, effect.arguments
        if isinstance(method.owner, Prepared):
            return self.of_sql(method.owner.sql, handle), effect.known_at
        table = {"query": configuration.query_writes, "row": configuration.row_writes}.get(
            handle.sort, configuration.writes)
        if name in table:
            verb = table[name]
            if handle.sort == "row":
                return self.of_row(verb, arguments), 0
            return Verdict(CERTAIN if verb.certain else POSSIBLE, verb.verb), 0
        if handle.sort:
            return READS, 0
        if name in configuration.read_only:
            return of_read_only(arguments), 0
        if name in OPENING and dict(arguments.keywords).get("readonly") == frozenset((Constant(False),)):
            return Verdict(POSSIBLE, SET_READ_ONLY), 0
        verdict = self.of_sql(sql_argument(arguments), handle)
        if not verdict.writes and (name in configuration.derive or name in configuration.query):
            verdict = READS
        return verdict, effect.known_at

    def of_row(self, verb: Verb, arguments: Arguments) -> Verdict:
        """An object is saved where `using` says; else where the router does, or where it was read from."""
        using = dict(arguments.keywords).get("using", NOTHING)
        names = {literal(only(atom)) or getattr(atom, "name", None) for atom in using}
        if not names:
            return READS if self.routed else Verdict(CERTAIN if verb.certain else POSSIBLE, verb.verb)
        if names <= self.configuration.aliases:
            return Verdict(CERTAIN, verb.verb)
        return READS if None not in names and not names & self.configuration.aliases else Verdict(POSSIBLE, verb.verb)

    def of_sql(self, value: Value, handle: Handle) -> Verdict:
        """The verdict on all possible values of the SQL in combination with the handle."""
        verdicts = [verdict for atom in value
                    if not contradicts(getattr(atom, "when", NO_GUARDS), handle.when)
                    and (verdict := self.of_atom(atom)) is not None]
        if not verdicts:
            return READS
        first = worst(verdicts)
        if first.certainty == CERTAIN and any(one.certainty != CERTAIN for one in verdicts):
            return first._replace(certainty=POSSIBLE)
        return first

    def of_atom(self, atom: object) -> Verdict | None:
        if isinstance(atom, Statement):
            return Verdict(CERTAIN if atom.certain else POSSIBLE, atom.verb) if atom.verb else READS
        if isinstance(atom, Constant):
            return None
        if not isinstance(atom, Text):
            return NOT_KNOWN
        literal = "".join(piece if isinstance(piece, str) else sql.HOLE for piece in atom.pieces)
        verdict = sql.judge(literal, self.configuration.sql_functions)
        if verdict.executes and not verdict.writes:
            return self.prepared.get(verdict.executes, verdict)
        return verdict


def read_handles(atom: object) -> list[Handle]:
    """The read handles on which a callee acts."""
    if not isinstance(atom, Method):
        return []
    owners = atom.owner.handle if isinstance(atom.owner, Prepared) else (atom.owner,)
    return [one for one in owners if isinstance(one, Handle) and one.kind == READ]


def of_read_only(arguments: Arguments) -> Verdict:
    """set_read_only(False), set_session(readonly=False)."""
    keywords = dict(arguments.keywords)
    value = keywords.get("readonly", keywords.get("read_only", arguments.get(0) if not keywords else frozenset()))
    return Verdict(POSSIBLE, SET_READ_ONLY) if value == frozenset((Constant(False),)) else READS
