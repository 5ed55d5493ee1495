"""The alerting rules, in the form in which their tests use them: one by one."""

import json
import pathlib
import re
import subprocess
import tempfile

import yaml

from timeline import Timelines

FILE = pathlib.Path(__file__).resolve().parents[2] / "alerts" / "scidex-pg-pool.rules.yml"


def groups():
    """The groups, in which each use of an alias is a separate copy."""
    return json.loads(json.dumps(yaml.safe_load(FILE.read_text())["groups"]))


def load():
    """Every rule of the file, in order."""
    return [rule for group in groups() for rule in group["rules"]]


def name_of(alert):
    return f"{alert['alert']} {alert['labels']['severity']}"


def needed_by(rule, records):
    """The recording rules that it depends on, in order, without itself."""
    direct = [record for record in records if record["record"] != rule.get("record")
              and re.search(rf"{record['record']}\b", rule["expr"])]
    names = {one["record"] for record in direct for one in [*needed_by(record, records), record]}
    return [record for record in records if record["record"] in names]


def complaint(case, alert, records):
    """What promtool reports if the alert, with the recording rules that it needs, does not behave as its case specifies;
    otherwise ""."""
    return promtool(evaluated(case, alert, records), list(Timelines(case).all()), case.step)


def evaluated(case, alert, records):
    """The rules that the tests of the case evaluate: the recording rules that the alert needs and the case does not
    provide, then the alert."""
    given = {series.split("{")[0] for series in case.calm}
    return [*(record for record in needed_by(alert, records) if record["record"] not in given), alert]


def promtool(rules, tests, step):
    """What promtool reports if the rules, evaluated every `step` seconds, do not pass the tests; otherwise ""."""
    with tempfile.TemporaryDirectory(prefix="scidex-rules-") as name:
        folder = pathlib.Path(name)
        (folder / "rules.json").write_text(json.dumps({"groups": [{"name": "rules", "rules": rules}]}))  # JSON is YAML
        (folder / "tests.json").write_text(json.dumps(
            {"rule_files": ["rules.json"], "evaluation_interval": f"{step}s", "tests": tests}))
        done = subprocess.run(["promtool", "test", "rules", "tests.json"], cwd=folder, capture_output=True, text=True,
                              timeout=300)
        return "" if done.returncode == 0 else done.stdout + done.stderr
