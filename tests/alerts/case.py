"""The specification of a rule: how its series behave, and when its alert must fire."""

import dataclasses
import urllib.parse

JOB = "scidex-pg-exporter"
WRONG, CALM = "db1:19187", "db2:19187"


@dataclasses.dataclass(frozen=True)
class Case:
    """One rule; a rule may have several cases. The keys of `calm` and the like are series with their labels; job and
    instance are added if they are missing. The value of a series is a number, a behaviour of series.py, a value in
    promtool's notation ("NaN", "stale"), or None if the series does not exist. Times are in seconds."""
    alert: str
    severity: str
    component: str
    summary: str
    description: str
    dashboard: str
    # The series while nothing is wrong, and the differences while something is.
    calm: dict
    wrong: dict
    # Near misses: {why the alert must not fire: difference from `calm`}.
    near: dict
    for_: int = 0
    keep: int = 0
    # From the first wrong scrape to the first evaluation that sees it, and from the last wrong scrape to the last
    # evaluation that sees it.
    rises: int = 0
    holds: int = 0
    # From the last scrape of an instance that disappears to the last evaluation that still sees the problem.
    forgets: int = 180
    # The labels of the alert other than job, instance, severity and component.
    labels: dict = dataclasses.field(default_factory=dict)
    # Other ways to go wrong: (difference from `calm`, difference from `calm` and `wrong`, expected description).
    also: tuple = ()
    # More timelines: (name, phases of (difference from `calm`, seconds), {second: whether the alert fires}).
    courses: tuple = ()
    # The interval of scrapes and evaluations; the time at the beginning in which all is calm.
    step: int = 15
    lead: int = 1200
    # Scrapes per step, all of the same value: windows that are sampled more often than that miss the series otherwise.
    scrapes: int = 1
    # False if the alert is about failed scrapes, or if a failed scrape hides one of the changes that it counts.
    outlives_failed_scrape: bool = True
    # False if the description has a number that a failed scrape changes.
    describes_after_failed_scrape: bool = True
    # False for an alert about all instances of a job; of_job is False for an alert without any job.
    of_instance: bool = True
    of_job: bool = True
    # Whether it fires if there are no series at all, False for what another case of its alert specifies; whether it never ends.
    fires_on_nothing: bool = False
    specifies_nothing: bool = True
    always: bool = False

    @property
    def name(self):
        return f"{self.alert} {self.severity}"

    def expected_labels(self):
        job = {"job": JOB} if self.of_job else {}
        instance = {"instance": WRONG} if self.of_instance else {}
        return job | instance | {"severity": self.severity, "component": self.component} | self.labels

    def expected_annotations(self, description, of_target):
        labels = of_target | self.expected_labels()
        variables = {name: labels[name] for name in ("cluster", "namespace", "job", "instance", "pool") if name in labels}
        query = "&".join(f"var-{name}={urllib.parse.quote_plus(value)}" for name, value in variables.items())
        return {"summary": self.summary, "description": description,
                "runbook_url": f"/usr/share/scidex-pg-exporter/alerts/runbooks/{self.alert}.md",
                "dashboard_url": f"/d/scidex-pg-pool-{self.dashboard}" + (f"?{query}" if query else "")}
