"""Reads an exposition in Prometheus' text format and the same in OpenMetrics with the parsers of the Python client, and
fails unless both are valid and say the same."""
import math
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus


def read(parser, path):
    samples = {}
    with open(path, encoding="utf-8") as file:
        for family in parser(file.read()):
            for sample in family.samples:
                value = "NaN" if math.isnan(sample.value) else sample.value
                samples[sample.name, tuple(sorted(sample.labels.items()))] = value
    return samples


text, openmetrics = read(prometheus, sys.argv[1]), read(open_metrics, sys.argv[2])
if text != openmetrics or len(text) < 200:
    sys.exit(f"{len(text)} and {len(openmetrics)} samples; in one alone: {text.items() ^ openmetrics.items()}")
