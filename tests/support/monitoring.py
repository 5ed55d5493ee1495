"""Prometheus and Alertmanager as an operator runs them, with this project's rules, but sixty times as fast; and the
receiver of their notifications."""

import http.server
import json
import pathlib
import re
import subprocess
import threading
import time
import typing

import servers

ALERTS = pathlib.Path(__file__).resolve().parents[2] / "alerts"
JOB = "scidex-pg-exporter"
# A window of two seconds needs more than one scrape.
INTERVAL_SECONDS = 0.2
INTERVAL = f"{INTERVAL_SECONDS * 1000:.0f}ms"

_FASTER = {"s": lambda number: f"{number * 1000 // 60}ms", "m": lambda number: f"{number}s",
           "h": lambda number: f"{number}m", "d": lambda number: f"{number}h"}
# A range, also of a subquery; the step of a subquery; an offset; or the value of a key.
_DURATION = re.compile(r"(?<=\[)(\d+)([smhd])(?=:?\]|:\d)|(?<=[smhd]:)(\d+)([smhd])(?=\])|(?<= offset )(\d+)([smhd])\b"
                       r"|(?<=: )(\d+)([smhd])$", re.MULTILINE)


def faster(text):
    """Rules or a configuration of Alertmanager with all durations divided by sixty, or by twenty-four for days."""
    return _DURATION.sub(lambda match: _FASTER[match[2] or match[4] or match[6] or match[8]](
        int(match[1] or match[3] or match[5] or match[7])), text)


class Note(typing.NamedTuple):
    """A notification about one alert; `at` is a time of time.monotonic()."""
    at: float
    receiver: str
    status: str
    labels: dict
    annotations: dict


class Receiver:
    """Receives Alertmanager's webhooks."""

    def __init__(self, add_cleanup):
        self._notes, self._lock = [], threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver._add(self.path.strip("/"), body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        add_cleanup(server.server_close)
        add_cleanup(thread.join)
        add_cleanup(server.shutdown)
        self.address = f"127.0.0.1:{server.server_port}"

    def _add(self, name, alerts):
        with self._lock:
            for alert in alerts:
                self._notes.append(Note(time.monotonic(), name, alert["status"], alert["labels"], alert["annotations"]))

    def all(self):
        """All notes in the order of their arrival."""
        with self._lock:
            return list(self._notes)


def start_alertmanager(add_cleanup, folder, receiver):
    """Returns its URL."""
    config = folder / "alertmanager.yml"
    # Alertmanager sends an alert at once if it arrives later than group_wait after it began, and then an alert that is to be
    # inhibited may precede the one that inhibits it. On a busy machine that takes longer than a sixtieth of group_wait.
    example = re.sub(r"group_wait: (\d+)s", lambda match: f"group_wait: {6 * int(match[1])}s",
                     (ALERTS / "alertmanager.example.yml").read_text())
    config.write_text(faster(example).replace("127.0.0.1:9095", receiver.address))
    address = f"127.0.0.1:{servers.free_port()}"
    log = folder / "alertmanager.log"
    servers.start(add_cleanup, ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}/alerts",
                                "--cluster.listen-address=", f"--web.listen-address={address}"], log)
    servers.poll("Alertmanager", lambda: servers.fetch(f"http://{address}/-/ready"), log)
    return f"http://{address}"


def start_prometheus(add_cleanup, folder, targets, alertmanager=None):
    """Scrapes targets: a list of host:port, or {cluster: host:port}. Returns its URL."""
    clusters = targets if isinstance(targets, dict) else {None: targets}
    rules = folder / "faster.rules.yml"
    rules.write_text(faster((ALERTS / "scidex-pg-pool.rules.yml").read_text()))
    config = folder / "prometheus.yml"
    alertmanagers = [alertmanager.removeprefix("http://")] if alertmanager else []
    config.write_text(json.dumps({  # JSON is YAML
        "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": JOB, "static_configs": [
            {"targets": [found] if name else found, "labels": {"cluster": name} if name else {}}
            for name, found in clusters.items()]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": alertmanagers}]}]}}))
    address = f"127.0.0.1:{servers.free_port()}"
    log = folder / "prometheus.log"
    servers.start(add_cleanup, ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/series",
                                "--rules.alert.resend-delay=1s", f"--web.listen-address={address}"], log)
    servers.poll("Prometheus", lambda: servers.fetch(f"http://{address}/-/ready"), log)
    return f"http://{address}"


def start_prometheus_on(add_cleanup, folder):
    """Scrapes nothing: has the series of folder/series.txt, an exposition in OpenMetrics text. Returns its URL."""
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", str(folder / "series.txt"),
                    str(folder / "data")], check=True, capture_output=True, timeout=3000)
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    address = f"127.0.0.1:{servers.free_port()}"
    servers.start(add_cleanup, ["prometheus", f"--config.file={folder}/prometheus.yml",
                                f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=30d",
                                f"--web.listen-address={address}"], folder / "log")
    servers.poll("Prometheus", lambda: servers.fetch(f"http://{address}/-/ready"), folder / "log")
    return f"http://{address}"
