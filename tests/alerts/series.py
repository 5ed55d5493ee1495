"""What a series does from scrape to scrape, as promtool's tests have it."""

import dataclasses
import re

from case import JOB


@dataclasses.dataclass(frozen=True)
class Rise:
    """A series that grows by this much from scrape to scrape."""
    by: float


@dataclasses.dataclass(frozen=True)
class Climb:
    """A series that grows by so much for so many scrapes, (by, scrapes) after (by, scrapes), and stays."""
    phases: tuple

    def at(self, index):
        for by, scrapes in self.phases:
            if index < scrapes:
                return by
            index -= scrapes
        return 0


@dataclasses.dataclass(frozen=True)
class Cycle:
    """A series that takes these values in turn, beginning with the first."""
    values: tuple


@dataclasses.dataclass(frozen=True)
class Now:
    """A series that says the time of each scrape, less this many seconds."""
    less: int = 0


@dataclasses.dataclass(frozen=True)
class Unscraped:
    """What goes on while a scrape fails."""
    behaviour: object


def written(labels):
    """As they stand between braces."""
    return ", ".join(f'{name}="{value}"' for name, value in labels.items())


def selector(series, instance):
    name, labels = re.fullmatch(r"([\w:]+)(?:\{(.*)\})?", series).groups()
    own = {label: value for label, value in (("job", JOB), ("instance", instance)) if f"{label}=" not in (labels or "")}
    return f"{name}{{{', '.join(filter(None, (written(own), labels)))}}}"


def values(phases, seconds):
    """What a series does over the phases, each (what it does, steps), as promtool has it."""
    said, last = [], 0
    for behaviour, steps in phases:
        failed = isinstance(behaviour, Unscraped)
        behaviour = behaviour.behaviour if failed else behaviour
        for index in range(steps):
            if behaviour is None or isinstance(behaviour, str):
                said.append(behaviour or "_")
                continue
            if isinstance(behaviour, Rise):
                last += behaviour.by
            elif isinstance(behaviour, Climb):
                last += behaviour.at(index)
            elif isinstance(behaviour, Cycle):
                last = behaviour.values[index % len(behaviour.values)]
            elif isinstance(behaviour, Now):
                last = len(said) * seconds - behaviour.less
            else:
                last = behaviour
            said.append("stale" if failed else format(last, ".12g"))
    return " ".join(said)
