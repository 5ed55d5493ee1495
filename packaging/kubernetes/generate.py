"""generate.py SOURCE OUT [--links RUNBOOKS GRAFANA] [IMAGE]: writes the manifests and the chart of the tree SOURCE to the
folder OUT.

RUNBOOKS and GRAFANA are the URLs of the published runbooks and of Grafana, for the links of the alerts. Adds to the files of packaging/kubernetes the alerts as a PrometheusRule, the dashboards as ConfigMaps for Grafana's
sidecar, and the name of the image. Adds the same files, the image and the version of the sources to the chart.
"""

import argparse
import pathlib
import re
import shutil
import subprocess

import yaml

NAME = "scidex-pg-exporter"
LABELS = {"app.kubernetes.io/name": NAME}


class Dumper(yaml.CSafeDumper):
    """Writes strings of several lines as block scalars."""


def _text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _text)


def write(path, *documents):
    path.write_text(yaml.dump_all(documents, Dumper=Dumper, sort_keys=False, width=120, allow_unicode=True), encoding="utf-8")


def rules_file(source):
    return source / "alerts/scidex-pg-pool.rules.yml"


def dashboards(source):
    return sorted((source / "dashboards/json").glob("*.json"))


def rules(source, links):
    """The rules; `links` are the URLs of the runbooks and of Grafana, or empty."""
    text = rules_file(source).read_text(encoding="utf-8")
    if links:
        done = subprocess.run([source / "alerts/set-links", *links], input=text, text=True, encoding="utf-8",
                              stdout=subprocess.PIPE)
        # It has said why.
        if done.returncode != 0:
            raise SystemExit(done.returncode)
        text = done.stdout
    return yaml.load(text, yaml.CSafeLoader)


def prometheus_rule(source, links):
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": NAME, "labels": dict(LABELS)},
        "spec": rules(source, links),
    }


def dashboard_map(path):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        # The label by which Grafana's sidecar finds dashboards.
        "metadata": {"name": f"{NAME}-dashboard-{path.stem}", "labels": LABELS | {"grafana_dashboard": "1"}},
        "data": {path.name: path.read_text(encoding="utf-8")},
    }


def image_parts(reference, version):
    """(name, tag, digest) of an image, as docker and kubectl write it. The tag is empty if there is a digest, and VERSION if
    there is neither. A colon before the last slash begins the port of a registry."""
    name, _, digest = reference.partition("@")
    folder, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return folder + slash + last, "" if digest else tag or version, digest


def generate_base(source, base, image, links):
    write(base / "prometheusrule.yaml", prometheus_rule(source, links))
    write(base / "dashboards.yaml", *map(dashboard_map, dashboards(source)))
    kustomization = yaml.safe_load((base / "kustomization.yaml").read_text(encoding="utf-8"))
    name, tag, digest = image
    kustomization["images"] = [{"name": NAME, "newName": name} | ({"digest": digest} if digest else {"newTag": tag})]
    write(base / "kustomization.yaml", kustomization)


def set_defaults(values, defaults):
    """The text of values.yaml with these defaults. Its comments stay."""
    for key, value in defaults.items():
        values, changed = re.subn(rf"(?m)^(  {key}:).*$", rf'\1 "{value}"', values, count=1)
        if not changed:
            raise SystemExit(f"values.yaml has no {key}")
    return values


def generate_chart(source, chart, version, image, links):
    files = chart / "files"
    (files / "dashboards").mkdir(parents=True)
    shutil.copy(rules_file(source), files / "rules.yml")
    for path in dashboards(source):
        shutil.copy(path, files / "dashboards")
    values = chart / "values.yaml"
    defaults = dict(zip(("repository", "tag", "digest"), image)) | dict(zip(("runbooksUrl", "grafanaUrl"), links))
    values.write_text(set_defaults(values.read_text(encoding="utf-8"), defaults), encoding="utf-8")
    definition = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    write(chart / "Chart.yaml", definition | {"version": version, "appVersion": version})


def generate(source, out, image=None, links=()):
    version = re.search(r"^project\(.* VERSION (\S+) ", (source / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(source / "packaging/kubernetes", out, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    parts = image_parts(image or NAME, version)
    generate_base(source, out / "base", parts, links)
    generate_chart(source, out / "chart", version, parts, links)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--links", nargs=2, default=(), metavar=("RUNBOOKS", "GRAFANA"))
    parser.add_argument("image", nargs="?")
    given = parser.parse_intermixed_args()
    generate(given.source, given.out, given.image, given.links)
