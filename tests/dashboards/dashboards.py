"""The dashboards as the tests read them."""

import json
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "json"

_SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}]")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_LABEL_VALUES = re.compile(r"label_values\((.+),\s*(\w+)\)")


def load():
    """{file name: dashboard}"""
    return {file.name: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


def targets(dashboard):
    """Every (panel, target) of a dashboard."""
    return [(panel, target) for panel in dashboard["panels"] for target in panel.get("targets", [])]


def query_variables(dashboard):
    return [variable for variable in dashboard["templating"]["list"] if variable["type"] == "query"]


def label_values(query):
    """The selector and the label of a query variable."""
    return _LABEL_VALUES.fullmatch(query).groups()


def chosen(values):
    """Grafana's replacement of a multi-value variable in PromQL."""
    escaped = [_SPECIAL.sub(lambda match: "\\\\" + match[0], value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def interpolate(text, values):
    """text with every variable replaced; raises KeyError for an undefined variable."""
    return _VARIABLE.sub(lambda match: values[match[1] or match[2]], text)
