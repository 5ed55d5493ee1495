"""What a rule is held against: how its series behave, and when its alert must fire."""

import dataclasses
import urllib.parse

JOB = "scidex-pg-exporter"
WRONG, CALM = "db1:19187", "db2:19187"


@dataclasses.dataclass(frozen=True)
class Case:
    """One rule; several may be of the same. Its series are named with their labels, but for job and instance, which each
    gets unless it has them; what a series does is a number, one of the above, what promtool writes for a value ("NaN", "stale"), or None where it
    is not there. Times are in seconds."""
    alert: str
    severity: str
    component: str
    summary: str
    description: str
    dashboard: str
    # While nothing is wrong, and what is different while something is.
    calm: dict
    wrong: dict
    # What comes close: {why it must not fire: what differs from `calm`}.
    near: dict
    for_: int = 0
    keep: int = 0
    # From the first wrong scrape to the first evaluation that sees it; from the last one to the last that still does.
    rises: int = 0
    holds: int = 0
    # From the last scrape of an instance that is gone to the last evaluation that still sees what was wrong.
    forgets: int = 180
    # The alert's labels besides job, instance, severity and component.
    labels: dict = dataclasses.field(default_factory=dict)
    # Other ways for it to go wrong: what differs from `calm`, what differs from `calm` and `wrong`, what it says.
    also: tuple = ()
    # Between two scrapes, and between two evaluations; for how long all is calm at first.
    step: int = 15
    lead: int = 1200
    # Not where a failed scrape is what the alert is about, or hides one of the changes that it counts.
    outlives_failed_scrape: bool = True
    # Not of an alert about all instances of a job; nor, then, of one about nothing that has a job.
    of_instance: bool = True
    of_job: bool = True
    # Whether it fires when no series is there at all; whether nothing ever ends it.
    fires_on_nothing: bool = False
    always: bool = False

    @property
    def name(self):
        return f"{self.alert} {self.severity}"

    def expected_labels(self):
        job = {"job": JOB} if self.of_job else {}
        instance = {"instance": WRONG} if self.of_instance else {}
        return job | instance | {"severity": self.severity, "component": self.component} | self.labels

    def expected_annotations(self, description):
        variables = {name: value for name, value in self.expected_labels().items() if name in ("job", "instance", "pool")}
        query = "&".join(f"var-{name}={urllib.parse.quote_plus(value)}" for name, value in variables.items())
        return {"summary": self.summary, "description": description,
                "runbook_url": f"/usr/share/scidex-pg-exporter/alerts/runbooks/{self.alert}.md",
                "dashboard_url": f"/d/scidex-pg-pool-{self.dashboard}" + (f"?{query}" if query else "")}
