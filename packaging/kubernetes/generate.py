"""generate.py SOURCE OUT [IMAGE]: writes the manifests and the chart of the tree SOURCE to the folder OUT.

Adds to the files of packaging/kubernetes the alerts as a PrometheusRule, the dashboards as ConfigMaps for Grafana's
sidecar, and the name of the image. Adds the same files, the image and the version of the sources to the chart.
"""

import pathlib
import re
import shutil
import sys

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


def prometheus_rule(source):
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": NAME, "labels": dict(LABELS)},
        "spec": yaml.load(rules_file(source).read_text(encoding="utf-8"), yaml.CSafeLoader),
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


def generate_base(source, base, image):
    write(base / "prometheusrule.yaml", prometheus_rule(source))
    write(base / "dashboards.yaml", *map(dashboard_map, dashboards(source)))
    kustomization = yaml.safe_load((base / "kustomization.yaml").read_text(encoding="utf-8"))
    name, tag, digest = image
    kustomization["images"] = [{"name": NAME, "newName": name} | ({"digest": digest} if digest else {"newTag": tag})]
    write(base / "kustomization.yaml", kustomization)


def set_image(values, image):
    """The text of values.yaml with this image as the default. Its comments stay."""
    for key, value in zip(("repository", "tag", "digest"), image):
        values, changed = re.subn(rf"(?m)^(  {key}:).*$", rf'\1 "{value}"', values, count=1)
        if not changed:
            raise SystemExit(f"values.yaml has no {key} of an image")
    return values


def generate_chart(source, chart, version, image):
    files = chart / "files"
    (files / "dashboards").mkdir(parents=True)
    shutil.copy(rules_file(source), files / "rules.yml")
    for path in dashboards(source):
        shutil.copy(path, files / "dashboards")
    values = chart / "values.yaml"
    values.write_text(set_image(values.read_text(encoding="utf-8"), image), encoding="utf-8")
    definition = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    write(chart / "Chart.yaml", definition | {"version": version, "appVersion": version})


def generate(source, out, image=None):
    version = re.search(r"^project\(.* VERSION (\S+) ", (source / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(source / "packaging/kubernetes", out, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    parts = image_parts(image or NAME, version)
    generate_base(source, out / "base", parts)
    generate_chart(source, out / "chart", version, parts)


if __name__ == "__main__":
    generate(*map(pathlib.Path, sys.argv[1:3]), *sys.argv[3:4])
