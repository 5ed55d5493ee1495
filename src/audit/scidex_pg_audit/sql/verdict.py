"""What is known about a piece of SQL."""

from typing import NamedTuple

CERTAIN = "certain"
POSSIBLE = "possible"
NO_WRITE = "no write"
UNKNOWN = "unknown"
# From certainly reported to never reported.
ORDER = (CERTAIN, POSSIBLE, UNKNOWN, NO_WRITE)


class Verdict(NamedTuple):
    """`certainty` is one of ORDER; `verb` is empty unless something writes.

    `executes` names a prepared statement whose own verdict decides; `prepares` names the statements that the text
    prepares, each with its verdict.
    """
    certainty: str
    verb: str = ""
    executes: str = ""
    prepares: tuple[tuple[str, "Verdict"], ...] = ()

    @property
    def writes(self) -> bool:
        return self.certainty in (CERTAIN, POSSIBLE)


READS = Verdict(NO_WRITE)
NOT_KNOWN = Verdict(UNKNOWN)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict on statements that are executed one after another."""
    if not verdicts:
        return READS
    first = min(verdicts, key=lambda verdict: ORDER.index(verdict.certainty))
    prepares = tuple(pair for verdict in verdicts for pair in verdict.prepares)
    executes = first.executes or next((one.executes for one in verdicts if one.executes), "")
    return first._replace(prepares=prepares, executes=executes)
