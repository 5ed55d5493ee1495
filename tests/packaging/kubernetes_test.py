"""The manifests of packaging/kubernetes keep their promises, and generated manifests match their sources."""

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import kubernetes_rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging/kubernetes"))
import generate  # noqa: E402  # of the folder above

DIGEST = "sha256:" + 64 * "a"


class UniqueKeys(yaml.CSafeLoader):
    """Rejects duplicate keys."""

    def construct_mapping(self, node, deep=False):
        keys = [str(key.value) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key: {keys}", node.start_mark)
        return super().construct_mapping(node, deep)


def documents(path):
    return [found for found in yaml.load_all(path.read_text(encoding="utf-8"), UniqueKeys) if found]


class Kubernetes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="scidex-kubernetes-")
        cls.addClassCleanup(folder.cleanup)
        cls.out = pathlib.Path(folder.name) / "out"
        generate.generate(ROOT, cls.out, "registry.example/scidex-pg-exporter:1.2.3")
        cls.base = cls.out / "base"
        cls.objects = {}
        for path in cls.base.glob("*.yaml"):
            for found in documents(path):
                if "kind" in found:
                    cls.objects[found["kind"], found.get("metadata", {}).get("name", "")] = found

    def one(self, kind):
        found = [value for (of, _), value in self.objects.items() if of == kind]
        self.assertEqual(len(found), 1, kind)
        return found[0]

    def test_each_file_is_yaml_without_a_key_twice(self):
        for path in self.out.rglob("*.yaml"):
            if "templates" not in path.parts:
                self.assertTrue(documents(path), path)

    def test_kustomizations_name_the_files_beside_them(self):
        for path in self.out.rglob("kustomization.yaml"):
            kustomization = documents(path)[0]
            named = [*kustomization["resources"], *(patch["path"] for patch in kustomization.get("patches", []))]
            for name in named:
                self.assertTrue((path.parent / name).exists(), f"{path}: {name}")
        self.assertEqual({entry.name for entry in self.base.glob("*.yaml")} - {"kustomization.yaml", "exporter.yaml"},
                         set(documents(self.base / "kustomization.yaml")[0]["resources"]))

    def test_pods_keep_the_restricted_profile(self):
        self.assertEqual(list(kubernetes_rules.deployment_problems(self.one("Deployment"))), [])

    def test_each_rule_of_the_profile_can_fail(self):
        breaks = [
            lambda pod, _: pod.update(hostNetwork=True),
            lambda pod, _: pod.update(automountServiceAccountToken=True),
            lambda pod, _: pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
            lambda pod, _: [volume["secret"].pop("defaultMode") for volume in pod["volumes"] if "secret" in volume],
            lambda pod, _: pod["securityContext"].pop("runAsUser"),
            lambda pod, _: pod["securityContext"].pop("seccompProfile"),
            lambda _, own: own["securityContext"].pop("allowPrivilegeEscalation"),
            lambda _, own: own["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
            lambda _, own: own["securityContext"].pop("readOnlyRootFilesystem"),
            lambda _, own: own["ports"][0].update(hostPort=19187),
            lambda _, own: own["livenessProbe"]["httpGet"].update(path="/-/ready"),
            lambda _, own: own["readinessProbe"]["httpGet"].update(port="http"),
            lambda _, own: own["volumeMounts"][0].pop("readOnly"),
            lambda _, own: own["volumeMounts"].pop(),
            lambda _, own: own["resources"].pop("limits"),
        ]
        for number, change in enumerate(breaks):
            deployment = copy.deepcopy(self.one("Deployment"))
            pod = deployment["spec"]["template"]["spec"]
            change(pod, pod["containers"][0])
            self.assertNotEqual(list(kubernetes_rules.deployment_problems(deployment)), [], number)

    def test_selectors_match_the_labels_of_what_they_mean(self):
        pod = self.one("Deployment")["spec"]["template"]["metadata"]["labels"]
        service = self.one("Service")
        self.assertLessEqual(service["spec"]["selector"].items(), pod.items())
        monitor = self.one("ServiceMonitor")["spec"]
        self.assertLessEqual(monitor["selector"]["matchLabels"].items(), service["metadata"]["labels"].items())
        self.assertEqual({endpoint["port"] for endpoint in monitor["endpoints"]},
                         {port["name"] for port in service["spec"]["ports"]})
        self.assertLessEqual(self.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items(), pod.items())

    def test_prometheus_rule_is_the_rule_file(self):
        rules = yaml.safe_load((ROOT / "alerts/scidex-pg-pool.rules.yml").read_text(encoding="utf-8"))
        self.assertEqual(self.one("PrometheusRule")["spec"], rules)
        self.assertEqual(yaml.safe_load((self.out / "chart/files/rules.yml").read_text(encoding="utf-8")), rules)

    def test_links_of_the_alerts_have_the_prefixes_that_were_named(self):
        links = ("https://wiki.example/runbooks", "https://grafana.example/")
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out"
            generate.generate(ROOT, out, links=links)
            values = documents(out / "chart/values.yaml")[0]["prometheusRule"]
            [rules] = documents(out / "base/prometheusrule.yaml")
        self.assertEqual((values["runbooksUrl"], values["grafanaUrl"]), links)
        for rule in (rule for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule):
            self.assertEqual(rule["annotations"]["runbook_url"], f"https://wiki.example/runbooks/{rule['alert']}.md")
            self.assertRegex(rule["annotations"]["dashboard_url"], r"^https://grafana\.example/d/scidex-")

    def test_job_of_the_scrapes_is_that_of_the_alerts(self):
        job = {rule["targetLabel"]: rule["replacement"]
               for rule in self.one("ServiceMonitor")["spec"]["endpoints"][0]["relabelings"]}["job"]
        self.assertIn(f'job="{job}"', (ROOT / "alerts/scidex-pg-pool.rules.yml").read_text(encoding="utf-8"))

    def test_config_maps_are_the_dashboards(self):
        paths = sorted((ROOT / "dashboards/json").glob("*.json"))
        found = {}
        for (kind, _), value in self.objects.items():
            if kind == "ConfigMap":
                self.assertEqual(value["metadata"]["labels"]["grafana_dashboard"], "1")
                found |= value["data"]
        self.assertEqual({name: json.loads(text) for name, text in found.items()},
                         {path.name: json.loads(path.read_text(encoding="utf-8")) for path in paths})

    def test_image_is_the_one_that_was_named(self):
        self.assertEqual(documents(self.base / "kustomization.yaml")[0]["images"],
                         [{"name": "scidex-pg-exporter", "newName": "registry.example/scidex-pg-exporter", "newTag": "1.2.3"}])
        self.assertEqual(documents(self.out / "chart/values.yaml")[0]["image"],
                         {"repository": "registry.example/scidex-pg-exporter", "tag": "1.2.3", "digest": "",
                          "pullPolicy": "IfNotPresent"})

    def test_image_may_have_a_registry_port_and_a_digest(self):
        for reference, parts in (
                ("name", ("name", "0.1", "")),
                ("name:2", ("name", "2", "")),
                ("registry:5000/name", ("registry:5000/name", "0.1", "")),
                ("registry:5000/team/name:2", ("registry:5000/team/name", "2", "")),
                (f"name@{DIGEST}", ("name", "", DIGEST)),
                (f"registry:5000/name:2@{DIGEST}", ("registry:5000/name", "", DIGEST))):
            self.assertEqual(generate.image_parts(reference, "0.1"), parts, reference)

    def test_digest_of_the_image_is_written_instead_of_a_tag(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out"
            generate.generate(ROOT, out, f"registry:5000/name@{DIGEST}")
            self.assertEqual(documents(out / "base/kustomization.yaml")[0]["images"],
                             [{"name": "scidex-pg-exporter", "newName": "registry:5000/name", "digest": DIGEST}])
            image = documents(out / "chart/values.yaml")[0]["image"]
            self.assertEqual((image["repository"], image["tag"], image["digest"]), ("registry:5000/name", "", DIGEST))

    def test_program_takes_the_configuration(self):
        # The Secret is mounted only in the pod.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        password, configuration = (pathlib.Path(folder.name) / name for name in ("password", "exporter.yaml"))
        text, mounts = re.subn(r"(?m)^(\s*password_file:).*$", rf"\1 {password}",
                               (self.base / "exporter.yaml").read_text(encoding="utf-8"))
        self.assertEqual(mounts, 2)
        password.write_text("secret", encoding="utf-8")
        configuration.write_text(text, encoding="utf-8")
        checked = subprocess.run(
            [os.environ["SCIDEX_EXPORTER"], f"--config.file={configuration}", "--config.check"],
            capture_output=True, text=True,
            env={"SCIDEX_PG_DSN": "host=db1 dbname=shop user=app", "SCIDEX_PG_RO_DSN": "host=db2 dbname=shop user=app"})
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


if __name__ == "__main__":
    unittest.main()
