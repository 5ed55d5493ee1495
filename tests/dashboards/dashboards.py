"""The dashboards as the tests read them."""

import json
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "dashboards" / "json"

_SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}]")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_LABEL_VALUES = re.compile(r"label_values\((.+),\s*(\w+)\)")
_QUERY_RESULT = re.compile(r"query_result\((.+)\)")
_LEGEND = re.compile(r"\{\{\s*(.+?)\s*\}\}")


def load():
    """{file name: dashboard}"""
    return {file.name: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


def targets(dashboard):
    """Every (panel, target) of a dashboard."""
    return [(panel, target) for panel in dashboard["panels"] for target in panel.get("targets", [])]


def query_variables(dashboard):
    return [variable for variable in dashboard["templating"]["list"] if variable["type"] == "query"]


def hidden(variable):
    return variable.get("hide") == 2


def options(variable, values, ask):
    """The values that Grafana offers for a query variable, given those of the variables before it. ask(path, **parameters) is
    the data of Prometheus's response."""
    query = interpolate(variable["query"], values)
    if result := _QUERY_RESULT.fullmatch(query):
        labels = (",".join(f'{label}="{value}"' for label, value in series["metric"].items())
                  for series in ask("query", query=result[1])["result"])
        matches = (re.search(variable["regex"].strip("/"), f"{{{text}}}") for text in labels)
        return [match[1] for match in matches if match]
    selector, label = _LABEL_VALUES.fullmatch(query).groups()
    return ask(f"label/{label}/values", **{"match[]": selector})


def chosen(values):
    """Grafana's replacement of a multi-value variable in PromQL."""
    escaped = [_SPECIAL.sub(lambda match: "\\\\" + match[0], value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def interpolate(text, values):
    """text with every variable replaced; raises KeyError for an undefined variable."""
    return _VARIABLE.sub(lambda match: values[match[1] or match[2]], text)


def legend(target, labels, values):
    """The name of a series as Grafana shows it: a missing label leaves nothing, and browsers collapse spaces."""
    text = interpolate(target.get("legendFormat", ""), values)
    return " ".join(_LEGEND.sub(lambda match: labels.get(match[1], ""), text).split())
