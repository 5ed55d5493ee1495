"""What a series does from scrape to scrape, as promtool's tests have it."""

import dataclasses
import re

from case import JOB


@dataclasses.dataclass(frozen=True)
class Rise:
    """A series that grows by this much from scrape to scrape."""
    by: float


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


def selector(series, instance):
    name, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})?", series).groups()
    given = [labels] if labels else []
    own = [f'{label}="{value}"' for label, value in (("job", JOB), ("instance", instance))
           if f"{label}=" not in (labels or "")]
    return f"{name}{{{', '.join(own + given)}}}"


def values(phases, seconds):
    """What a series does over the phases, each (what it does, steps), as promtool has it."""
    written, last = [], 0
    for behaviour, steps in phases:
        failed = isinstance(behaviour, Unscraped)
        behaviour = behaviour.behaviour if failed else behaviour
        for index in range(steps):
            if behaviour is None or isinstance(behaviour, str):
                written.append(behaviour or "_")
                continue
            if isinstance(behaviour, Rise):
                last += behaviour.by
            elif isinstance(behaviour, Cycle):
                last = behaviour.values[index % len(behaviour.values)]
            elif isinstance(behaviour, Now):
                last = len(written) * seconds - behaviour.less
            else:
                last = behaviour
            written.append("stale" if failed else format(last, ".12g"))
    return " ".join(written)
