"""Makes promtool's unit tests of a case: the name of each, its series, and what must fire when."""

from case import CALM, WRONG
from series import Climb, Rise, Unscraped, repeated, selector, values, with_labels, written

# The number of steps for which something stays wrong after its alert fires.
LASTS = 20
# Labels that only targets of some installations have.
SITE = {"cluster": "west", "namespace": "shop & co"}


def _failed(behaviours):
    """Prometheus itself records whether a scrape failed."""
    return {name: 0 if name == "up" else Unscraped(behaviour) for name, behaviour in behaviours.items()}


class Timelines:
    """The tests of one case. It is calm until the step `begins`, and wrong from there until the step `ends`."""

    def __init__(self, case):
        self.case = case
        # Its series may include other alerts.
        self.firing = f'ALERTS{{alertname="{case.alert}", alertstate="firing"}}'
        self.begins = case.lead // case.step
        self.fires = self.begins + (case.rises + case.for_) // case.step
        self.ends = self.fires + LASTS
        self.last = self.ends - 1 + (case.holds + case.keep) // case.step
        self.over = self.last + 10

    def all(self):
        case = self.case
        if case.always:
            yield self._fires("fires always", self._nothing(), firing={0: True, self.over: True},
                              says={self.over: case.description})
            return
        yield self._fires("fires on time, not a step earlier, with its description, and ends",
                         self._wrong_once({}, {}),
                         firing={self.fires - 1: False, self.fires: True, self.last: True, self.last + 1: False,
                                 self.over: False}, says={self.fires: case.description})
        for number, (before, different, description) in enumerate(case.also, 1):
            yield self._fires(f"fires in another way, {number}", self._wrong_once(before, different),
                             firing={self.fires - 1: False, self.fires: True}, says={self.fires: description})
        for name, phases, firing in case.courses:
            yield self._fires(name, self._instances(*((case.calm | different, seconds // case.step)
                                                      for different, seconds in phases)),
                              firing={int(second // case.step): fires for second, fires in firing.items()})
        if case.of_job and not case.fires_on_nothing:
            yield self._fires("fires for a target in a cluster and a namespace, and links to them",
                             self._wrong_once({}, {}, SITE),
                             firing={self.fires: True}, says={self.fires: case.description}, of_target=SITE)
        for why, different in case.near.items():
            yield self._silent(f"is silent: {why}", self._instances((case.calm | different, self.over)))
        if case.specifies_nothing:
            yield (self._fires("fires if there are no series", self._nothing(), firing={self.over: True})
                   if case.fires_on_nothing else self._silent("is silent if there are no series", self._nothing()))
        if not case.fires_on_nothing:
            yield self._gone()
        yield from self._failed_scrapes()
        if self._counters():
            yield self._silent("is silent when its counters restart from 0", self._restarted())

    def _wrong_once(self, before, different, of_target=None):
        calm = self.case.calm
        # A counter does not decrease.
        return self._instances((calm | before, self.begins),
                               (calm | self.case.wrong | different, self.ends - self.begins),
                               (calm | self._counters(), self.over - self.ends + 1), of_target=of_target)

    def _failed_scrapes(self):
        case = self.case
        wrong = case.calm | case.wrong
        # While the alert is pending, if it has a `for`.
        at = max(self.begins + 1, (self.begins + self.fires) // 2)
        if case.outlives_failed_scrape:
            yield self._fires("fires on time despite a failed scrape",
                              self._instances((case.calm, self.begins), (wrong, at - self.begins), (_failed(wrong), 1),
                                              (wrong, self.ends - at)),
                              firing={self.fires - 1: False, max(self.fires, at): True})
            if case.describes_after_failed_scrape and self.fires > self.begins:
                yield self._fires("has the same description if a scrape fails when it fires",
                                  self._instances((case.calm, self.begins), (wrong, self.fires - self.begins),
                                                  (_failed(wrong), 1), (wrong, self.ends - self.fires)),
                                  firing={self.fires: True}, says={self.fires: case.description})
        yield self._silent("is silent when a scrape fails",
                           self._instances((case.calm, self.begins), (_failed(case.calm), 1),
                                           (case.calm, self.over - self.begins)))

    def _gone(self):
        case = self.case
        forgotten = self.ends - 1 + (case.forgets + case.keep) // case.step
        return self._fires("ends on time when its instance disappears",
                           self._instances((case.calm, self.begins), (case.calm | case.wrong, self.ends - self.begins),
                                           (dict.fromkeys(case.calm, "stale"), forgotten + 2 - self.ends)),
                           firing={forgotten: True, forgotten + 1: False})

    def _counters(self):
        """The behaviour of each counter while all is calm."""
        calm, wrong = self.case.calm, self.case.wrong
        return {name: calm[name] if isinstance(calm[name], Rise) else Rise(0) for name in calm
                if isinstance(calm[name], Rise) or isinstance(wrong.get(name), (Rise, Climb))}

    def _restarted(self):
        calm = self.case.calm | self._counters()
        return self._instances((calm | dict.fromkeys(self._counters(), 100), 1), (calm, self.begins),
                               (calm | dict.fromkeys(self._counters(), 0), 1), (calm, self.over - self.begins))

    @staticmethod
    def _nothing():
        return [{"series": "something_else", "values": "1"}]

    def _instances(self, *phases, of_target=None):
        """The instance in question and a second one, which is calm; both have the labels `of_target`."""
        steps = sum(count for _, count in phases)
        beside = self._series(CALM, of_target, (self.case.calm, steps)) if self.case.of_instance else []
        return self._series(WRONG, of_target, *phases) + beside

    def _series(self, instance, of_target, *phases):
        names = {name: None for behaviours, _ in phases for name in behaviours}
        return [{"series": with_labels(selector(name, instance), of_target or {}),
                 "values": repeated(values([(behaviours.get(name), steps) for behaviours, steps in phases], self.case.step),
                                    self.case.scrapes)}
                for name in names]

    def _silent(self, name, series):
        ever = f"max_over_time({self.firing}[{(self.over + 1) * self.case.step}s])"
        return self._test(name, series, [self._asked(ever, self.over, False)])

    def _fires(self, name, series, firing, says=None, of_target=None):
        """firing: {step: whether the alert fires}; says: {step: its description}; of_target: more labels of the target."""
        of_target = of_target or {}
        asked = [self._asked(self.firing, step, fires, of_target) for step, fires in firing.items()]
        return self._test(name, series, asked, [
            {"eval_time": self._time(step), "alertname": self.case.alert,
             "exp_alerts": [{"exp_labels": self.case.expected_labels() | of_target,
                             "exp_annotations": self.case.expected_annotations(description, of_target)}]}
            for step, description in (says or {}).items()])

    def _asked(self, expr, step, fires, of_target=None):
        labels = {"alertname": self.case.alert, "alertstate": "firing"} | self.case.expected_labels() | (of_target or {})
        return {"expr": expr, "eval_time": self._time(step),
                "exp_samples": [{"labels": f"ALERTS{{{written(labels)}}}", "value": 1}] if fires else []}

    def _time(self, step):
        return f"{step * self.case.step}s"

    def _test(self, name, series, asked, alerts=()):
        return {"name": f"{self.case.name} {name}", "interval": f"{self.case.step // self.case.scrapes}s", "input_series": series,
                "promql_expr_test": asked, "alert_rule_test": list(alerts)}
