"""The behaviour of a series from scrape to scrape, in the notation of promtool's tests."""

import dataclasses
import re

from case import JOB


@dataclasses.dataclass(frozen=True)
class Rise:
    """A series that grows by this much from scrape to scrape."""
    by: float


@dataclasses.dataclass(frozen=True)
class Climb:
    """A series that grows in phases, each (increase per scrape, scrapes), and then stays constant."""
    phases: tuple

    def at(self, index):
        for by, scrapes in self.phases:
            if index < scrapes:
                return by
            index -= scrapes
        return 0


@dataclasses.dataclass(frozen=True)
class Cycle:
    """A series that cycles through these values, beginning with the first; each is a number or in promtool's notation."""
    values: tuple


@dataclasses.dataclass(frozen=True)
class Now:
    """A series whose value is the time of each scrape, less this many seconds."""
    less: int = 0


@dataclasses.dataclass(frozen=True)
class Unscraped:
    """A behaviour that continues while a scrape fails."""
    behaviour: object


def written(labels):
    """Labels as written between braces."""
    return ", ".join(f'{name}="{value}"' for name, value in labels.items())


def selector(series, instance, job=JOB):
    name, labels = re.fullmatch(r"([\w:]+)(?:\{(.*)\})?", series).groups()
    own = {label: value for label, value in (("job", job), ("instance", instance)) if f"{label}=" not in (labels or "")}
    return f"{name}{{{', '.join(filter(None, (written(own), labels)))}}}"


def with_labels(series, labels):
    """The series, which has labels, with these in addition."""
    return f"{series[:-1]}, {written(labels)}}}" if labels else series


def values(phases, seconds):
    """A series over the phases, each (behaviour, steps), in promtool's notation."""
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
            said.append("stale" if failed else last if isinstance(last, str) else format(last, ".12g"))
    return " ".join(said)


def repeated(written_values, times):
    """Values as above, each of them this many times, the last one at the time of the value. The first one has none before
    it."""
    first, *others = written_values.split()
    return " ".join([first, *(value for value in others for _ in range(times))])
