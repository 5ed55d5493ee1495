#!/usr/bin/env python3
"""Web configuration files: the same files and requests are given to the exporter and to Debian's
prometheus-postgres-exporter, which embeds Prometheus's exporter-toolkit, and have the same effect. If they do not, the
difference is in the table of docs/web-configuration.md, and is shown here on both."""

import base64
import contextlib
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import servers  # noqa: E402

EXPORTER = os.environ["SCIDEX_EXPORTER"]
TOOLKIT = "prometheus-postgres-exporter"
# bcrypt of "right", made with htpasswd -nBC 4.
RIGHT = "$2y$04$exRnqWuxTk7hQ5ttZuRdauQNNMWL5rO2ES6VjQQUCy6iZpNbD/PgC"
# The packaged toolkit lacks a key: there is nothing to compare with.
UNKNOWN_KEY = "not found in type"


def openssl(*arguments, folder):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=servers.DEADLINE_SECONDS)


def make_certificate(folder, name, issuer=None, san="DNS:localhost"):
    """Creates NAME.crt and NAME.key, signed by the issuer or by itself."""
    signed_by = [] if issuer is None else ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key"]
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-addext", f"subjectAltName={san}", "-keyout", f"{name}.key", "-out", f"{name}.crt",
            *signed_by, folder=folder)


class Answer(NamedTuple):
    """The response to a client: "refused" if there was no HTTP response at all."""
    status: object
    headers: dict = {}
    body: str = ""
    serial: str = ""
    alpn: object = None


class Client:
    """The options of a TLS client; `cert` is the name of a certificate in the folder."""

    def __init__(self, cert=None, oldest=ssl.TLSVersion.TLSv1, newest=ssl.TLSVersion.TLSv1_3, alpn=(), ciphers="ALL"):
        self.cert, self.oldest, self.newest, self.alpn, self.ciphers = cert, oldest, newest, alpn, ciphers

    def wrap(self, plain, folder):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers(f"{self.ciphers}:@SECLEVEL=0")
        with warnings.catch_warnings():
            # Clients with old versions are a part of the tests.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = self.oldest, self.newest
        if self.alpn:
            context.set_alpn_protocols(self.alpn)
        if self.cert:
            context.load_cert_chain(folder / f"{self.cert}.crt", folder / f"{self.cert}.key")
        return context.wrap_socket(plain)


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def ask(port, folder, tls=None, headers=None, path="/"):
    """One request on a new connection; without `tls` in plain HTTP."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=servers.DEADLINE_SECONDS) as plain:
            stream = plain if tls is None else tls.wrap(plain, folder)
            with contextlib.closing(stream):
                if tls is not None and stream.selected_alpn_protocol() == "h2":
                    return Answer("HTTP/2", alpn="h2")
                lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
                lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
                stream.sendall("\r\n".join(lines + ["", ""]).encode())
                received = b""
                while part := stream.recv(65536):
                    received += part
                head, _, body = received.partition(b"\r\n\r\n")
                if not head:
                    return Answer("refused")
                first, *rest = head.decode().split("\r\n")
                serial, alpn = "", None
                if tls is not None:
                    der = stream.getpeercert(binary_form=True)
                    alpn = stream.selected_alpn_protocol()
                    serial = ssl.DER_cert_to_PEM_cert(der)
                return Answer(int(first.split()[1]), dict(line.split(": ", 1) for line in rest),
                              body.decode(errors="replace"), serial, alpn)
    except (ssl.SSLError, ConnectionError):
        return Answer("refused")


class Server:
    """One of the two exporters, started with a web configuration file."""

    def __init__(self, test, binary, file):
        self.port = servers.free_port()
        self.folder = file.parent
        self.log = self.folder / f"{pathlib.Path(binary).name}.log"
        environment = {"PATH": os.environ["PATH"], "PGHOST": str(self.folder),
                       "DATA_SOURCE_NAME": f"host={self.folder} user=nobody sslmode=disable"}
        self.process = servers.start(
            test.addCleanup, [binary, f"--web.listen-address=127.0.0.1:{self.port}", f"--web.config.file={file}"],
            self.log, environment)

    def exit_code(self):
        """The exit code; None once it serves."""
        def state():
            if self.process.poll() is not None:
                return (self.process.returncode,)
            # The toolkit listens before it reads the file.
            if self.process.args[0] == TOOLKIT and "TLS is" not in self.log.read_text():
                return None
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return (None,)
            return None
        return servers.poll("start or end", state, self.log)[0]

    def ask(self, **options):
        return ask(self.port, self.folder, **options)

    def lacks_key(self):
        return UNKNOWN_KEY in self.log.read_text(errors="replace")


class WebConfig(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.material = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        make_certificate(cls.material, "server")
        make_certificate(cls.material, "renewed")
        make_certificate(cls.material, "ca", san="DNS:ca")
        make_certificate(cls.material, "client", "ca", "DNS:client.example,email:me@example.com,URI:spiffe://x/y,"
                         "IP:10.1.2.3,IP:fd00::1")
        make_certificate(cls.material, "stranger")
        for ca in ("intermediate", "other-intermediate"):
            make_certificate(cls.material, ca, "ca", san="DNS:ca")
            make_certificate(cls.material, f"of-{ca}", ca)

    def start(self, text, *binaries):
        """Both servers with the same file, each in its own folder with a copy of the certificates."""
        started = []
        for binary in binaries or (EXPORTER, TOOLKIT):
            folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "etc"
            shutil.copytree(self.material, folder)
            file = folder / "web.yml"
            file.write_text(text)
            server = Server(self, binary, file)
            server.file = file
            started.append(server)
        return started

    def start_both(self, text):
        """Both servers, running; the second is missing if the packaged toolkit lacks a key of the file."""
        ours, theirs = self.start(text)
        self.assertIsNone(ours.exit_code(), ours.log.read_text())
        if theirs.exit_code() is not None:
            self.assertTrue(theirs.lacks_key(), theirs.log.read_text())
            return [ours]
        return [ours, theirs]

    def assert_answers(self, text, *expected):
        """expected: pairs of a client's options and the status that both return."""
        for server in self.start_both(text):
            for options, status in expected:
                with self.subTest(server=server.process.args[0], file=text, options=options):
                    self.assertEqual(server.ask(**options).status, status)

    def assert_ends_both(self, text):
        with self.subTest(file=text):
            ours, theirs = self.start(text)
            self.assertEqual(ours.exit_code(), 1)
            self.assertEqual(theirs.exit_code(), 1, theirs.log.read_text())
            lines = ours.log.read_text().splitlines()
            self.assertEqual(len(lines), 1, lines)
            self.assertRegex(lines[0], r"^scidex_pg_exporter: ")
            self.assertNotRegex(lines[0], r"canary")

    TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"

    def test_a_file_without_users_and_tls_is_plain_http(self):
        self.assert_answers("http_server_config:\n  http2: false\n", ({}, 200), ({"tls": Client()}, "refused"))

    def test_a_file_that_sets_nothing_is_refused_at_startup(self):
        for text in ("", "# nothing\n", "---\n", "basic_auth_users:\n", "tls_server_config: {}\n"):
            with self.subTest(file=text):
                ours, = self.start(text, EXPORTER)
                theirs, = self.start(text, TOOLKIT)
                self.assertEqual(ours.exit_code(), 1)
                self.assertIsNone(theirs.exit_code(), theirs.log.read_text())
                self.assertEqual(theirs.ask().status, 200)

    def test_users_are_asked_for_their_password(self):
        text = f"basic_auth_users:\n  alice: {RIGHT}\n  'bob smith': '{RIGHT}'\n"
        answers = []
        for server in self.start_both(text):
            got = [server.ask(headers=headers) for headers in (
                {}, basic("alice", "right"), basic("alice", "right"), basic("bob smith", "right"),
                basic("alice", "wrong"), basic("alice", ""), basic("mallory", "right"), basic("", ""),
                basic("alice", "right\0more"), {"Authorization": "Basic !!!"}, {"Authorization": "Basic"},
                {"Authorization": "Bearer right"}, {"Authorization": basic("alice", "right")["Authorization"].lower()},
                {"Authorization": basic("alice", "right")["Authorization"].replace("Basic", "bAsIc")})]
            answers.append([(one.status, one.headers.get("WWW-Authenticate", one.headers.get("Www-Authenticate")),
                             one.body if one.status == 401 else "") for one in got])
        self.assertEqual(*answers)
        self.assertEqual([status for status, *_ in answers[0]],
                         [401, 200, 200, 200] + [401] * 9 + [200])
        self.assertEqual(answers[0][0][1:], ("Basic", "Unauthorized\n"))

    def test_tls_works_and_plain_http_gets_an_error_about_it(self):
        for server in self.start_both(self.TLS):
            self.assertEqual(server.ask(tls=Client()).status, 200)
            plain = server.ask()
            self.assertEqual((plain.status, plain.body), (400, "Client sent an HTTP request to an HTTPS server.\n"))

    def test_versions_are_bounded(self):
        versions = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
        bounds = {"": (2, 3), "  min_version: TLS10\n": (0, 3), "  min_version: TLS11\n  max_version: TLS12\n": (1, 2),
                  "  min_version: TLS13\n": (3, 3), "  max_version: TLS12\n": (2, 2)}
        for keys, (first, last) in bounds.items():
            self.assert_answers(self.TLS + keys, *[
                ({"tls": Client(oldest=version, newest=version)}, 200 if first <= number <= last else "refused")
                for number, version in enumerate(versions)])

    def test_client_certificates_are_judged_by_each_of_the_five_ways(self):
        outcomes = {  # without a certificate, with one of the CA, with one of another CA
            "NoClientCert": (200, 200, 200),
            "RequestClientCert": (200, 200, 200),
            "RequireAnyClientCert": ("refused", 200, 200),
            "RequireClientCert": ("refused", 200, 200),
            "VerifyClientCertIfGiven": (200, 200, "refused"),
            "RequireAndVerifyClientCert": ("refused", 200, "refused"),
        }
        for way, expected in outcomes.items():
            ca = "" if way == "NoClientCert" else "  client_ca_file: ca.crt\n"
            self.assert_answers(f"{self.TLS}  client_auth_type: {way}\n{ca}", *[
                ({"tls": Client(cert)}, status) for cert, status in zip((None, "client", "stranger"), expected)])

    def test_intermediate_ca_is_trusted_without_its_root(self):
        outcomes = {"of-intermediate": 200, "of-other-intermediate": "refused", "client": "refused"}
        self.assert_answers(f"{self.TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: intermediate.crt\n",
                            *[({"tls": Client(cert)}, status) for cert, status in outcomes.items()])

    def test_client_certificates_must_have_an_allowed_name(self):
        for name, status in {"client.example": 200, "me@example.com": 200, "spiffe://x/y": 200, "10.1.2.3": 200,
                             "fd00::1": 200, "CLIENT.example": "refused", "*.example": "refused",
                             "client": "refused"}.items():
            self.assert_answers(
                f"{self.TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
                f"  client_allowed_sans: ['{name}']\n", ({"tls": Client("client")}, status))

    def test_cipher_suites_and_curves_go_by_go_s_names(self):
        twelve = {"oldest": ssl.TLSVersion.TLSv1_2, "newest": ssl.TLSVersion.TLSv1_2}
        self.assert_answers(
            f"{self.TLS}  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
            "  curve_preferences: [CurveP256, X25519]\n  prefer_server_cipher_suites: false\n",
            ({"tls": Client(ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", **twelve)}, 200),
            ({"tls": Client(ciphers="ECDHE-ECDSA-AES256-GCM-SHA384", **twelve)}, "refused"),
            ({"tls": Client()}, 200))

    def test_inline_certificates_are_as_good_as_files(self):
        def block(name):
            return "".join(f"    {line}\n" for line in (self.material / name).read_text().splitlines())
        self.assert_answers(
            f"tls_server_config:\n  cert: |\n{block('server.crt')}  key: |\n{block('server.key')}"
            f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca: |\n{block('ca.crt')}",
            ({"tls": Client("client")}, 200), ({"tls": Client()}, "refused"))

    def test_headers_are_added_to_every_answer(self):
        wanted = {"Strict-Transport-Security": "max-age=31536000", "X-Content-Type-Options": "nosniff",
                  "X-Frame-Options": "deny", "X-XSS-Protection": "1", "Content-Security-Policy": "default-src 'self'"}
        text = "http_server_config:\n  headers:\n" + "".join(f"    {k}: \"{v}\"\n" for k, v in wanted.items())
        for server in self.start_both(text + f"basic_auth_users:\n  alice: {RIGHT}\n"):
            for headers in (basic("alice", "right"), {}):
                answer = server.ask(headers=headers, path="/metrics")
                seen = {name.lower(): value for name, value in answer.headers.items()}
                self.assertEqual({name: seen.get(name.lower()) for name in wanted}, wanted)

    def test_an_invalid_file_fails_startup_with_code_1(self):
        broken = ["nonsense\n", "tls_server_config: 1\n", "tls_server_confg: {}\n", "basic_auth_users: [alice]\n",
                  f"basic_auth_users:\n  alice: {RIGHT}\n  alice: {RIGHT}\n",
                  "basic_auth_users:\n  alice: canary\n", "basic_auth_users:\n  alice: $2y$04$canary\n",
                  "http_server_config:\n  headers:\n    Server: x\n",
                  "http_server_config:\n  headers:\n    X-Frame-Options: maybe\n", "http_server_config:\n  http2: 2\n",
                  "tls_server_config:\n  cert_file: server.crt\n", "tls_server_config:\n  key_file: server.key\n",
                  "tls_server_config:\n  client_auth_type: RequireAnyClientCert\n",
                  "tls_server_config:\n  cert_file: none.crt\n  key_file: server.key\n",
                  "tls_server_config:\n  cert_file: server.crt\n  key_file: renewed.key\n",
                  "tls_server_config:\n  cert_file: server.key\n  key_file: server.crt\n",
                  self.TLS + "  client_auth_type: Sometimes\n", self.TLS + "  client_ca_file: ca.crt\n",
                  self.TLS + "  client_auth_type: RequireAnyClientCert\n  client_ca_file: none.crt\n",
                  self.TLS + "  min_version: SSL30\n", self.TLS + "  cipher_suites: [RC4]\n",
                  self.TLS + "  curve_preferences: [P256]\n"]
        for text in broken:
            self.assert_ends_both(text)

    def test_a_missing_file_fails_startup_with_code_1(self):
        for server in self.start("", EXPORTER, TOOLKIT):
            gone = server.file.parent / "gone.yml"
            self.assertEqual(Server(self, server.process.args[0], gone).exit_code(), 1)

    def test_users_and_headers_are_read_again_for_each_request(self):
        for server in self.start_both(f"basic_auth_users:\n  alice: {RIGHT}\n"):
            alice = basic("alice", "right")
            self.assertEqual(server.ask(headers=alice).status, 200)
            server.file.write_text(f"basic_auth_users:\n  bob: {RIGHT}\n"
                                   "http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
            self.assertEqual(server.ask(headers=alice).status, 401)
            answer = server.ask(headers=basic("bob", "right"))
            self.assertEqual((answer.status, answer.headers.get("X-Frame-Options")), (200, "deny"))
            server.file.write_text("nonsense\n")
            self.assertEqual(server.ask(headers=basic("bob", "right")).status, 500)
            self.assertEqual(server.ask(path="/-/ready").status, 500)
            server.file.unlink()
            self.assertEqual(server.ask(headers=alice).status, 500)

    def test_certificates_are_read_again_for_each_handshake(self):
        for server in self.start_both(self.TLS):
            before = server.ask(tls=Client()).serial
            for end in (".crt", ".key"):
                shutil.copyfile(self.material / f"renewed{end}", server.folder / f"server{end}")
            after = server.ask(tls=Client())
            self.assertEqual(after.status, 200)
            self.assertNotEqual(after.serial, before)
            (server.folder / "server.crt").write_text("nonsense")
            self.assertEqual(server.ask(tls=Client()).status, "refused")
            shutil.copyfile(self.material / "renewed.crt", server.folder / "server.crt")
            self.assertEqual(server.ask(tls=Client()).status, 200)
            server.file.write_text("nonsense\n")
            self.assertEqual(server.ask(tls=Client()).status, "refused")
            server.file.write_text("")
            self.assertEqual(server.ask(tls=Client()).status, "refused")

    # Intentional differences.

    def test_health_and_readiness_need_no_login(self):
        ours, theirs = self.start_both(f"basic_auth_users:\n  alice: {RIGHT}\n")
        self.assertEqual(ours.ask(path="/-/healthy").status, 200)
        self.assertIn(ours.ask(path="/-/ready").status, (200, 503))
        self.assertEqual(theirs.ask(path="/-/healthy").status, 401)

    def test_an_invalid_file_does_not_make_the_process_look_dead(self):
        for server, status in zip(self.start_both(f"basic_auth_users:\n  alice: {RIGHT}\n"), (200, 500)):
            server.file.write_text("nonsense\n")
            self.assertEqual(server.ask(path="/-/healthy").status, status)

    def test_http_2_is_not_offered(self):
        ours, theirs = self.start_both(self.TLS + "http_server_config:\n  http2: true\n")
        self.assertEqual(ours.ask(tls=Client(alpn=["h2", "http/1.1"])).alpn, "http/1.1")
        self.assertEqual(theirs.ask(tls=Client(alpn=["h2", "http/1.1"])).alpn, "h2")

    def test_what_would_protect_nothing_is_refused(self):
        for text in (self.TLS + "  client_allowed_sans: [client.example]\n",
                     self.TLS + "  min_version: TLS13\n  max_version: TLS12\n",
                     self.TLS + "  cert: canary\n",
                     self.TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.key\n",
                     "rate_limit:\n  interval: 1s\n  burst: 2\n"):
            ours, = self.start(text, EXPORTER)
            self.assertEqual(ours.exit_code(), 1, text)

    def test_names_of_certificates_that_are_not_verified_are_refused(self):
        for way in ("RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven"):
            ours, = self.start(f"{self.TLS}  client_auth_type: {way}\n  client_ca_file: ca.crt\n"
                               "  client_allowed_sans: [client.example]\n", EXPORTER)
            self.assertEqual(ours.exit_code(), 1, way)

    def test_a_costly_hash_is_refused(self):
        text = "basic_auth_users:\n  alice: $2y$17$" + RIGHT[7:] + "\n"
        ours, = self.start(text, EXPORTER)
        self.assertEqual(ours.exit_code(), 1)

    def test_an_emptied_file_lets_no_client_in(self):
        for emptied in ("", "# nothing\n", "{}\n", "---\n", "basic_auth_users:\n"):
            ours, theirs = self.start_both(f"basic_auth_users:\n  alice: {RIGHT}\n")
            for server in (ours, theirs):
                server.file.write_text(emptied)
            with self.subTest(file=emptied):
                self.assertEqual(ours.ask().status, 500)
                self.assertEqual(ours.ask(headers=basic("alice", "right")).status, 500)
                self.assertEqual(theirs.ask().status, 200)
            ours.file.write_text(f"basic_auth_users:\n  alice: {RIGHT}\n")
            self.assertEqual(ours.ask().status, 401)
            self.assertEqual(ours.ask(headers=basic("alice", "right")).status, 200)

    def test_lost_conditions_on_client_certificates_let_no_client_in(self):
        strict = f"{self.TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
        lines = strict.splitlines(keepends=True)
        client = {"tls": Client("client")}
        for kept in range(3, len(lines)):
            ours, theirs = self.start_both(strict)
            for server in (ours, theirs):
                server.file.write_text("".join(lines[:kept]))
            with self.subTest(file="".join(lines[:kept])):
                self.assertEqual(ours.ask(**client).status, "refused")
                servers.poll("line in the log", lambda ours=ours: "no longer " in ours.log.read_text(), ours.log)
                # The file names no CA, and the CAs of the system do not include this one.
                self.assertEqual(theirs.ask(**client).status, "refused" if kept == 4 else 200)
            ours.file.write_text(strict)
            self.assertEqual(ours.ask(**client).status, 200)
            self.assertEqual(ours.ask(tls=Client()).status, "refused")

    def test_suites_without_forward_secrecy_are_not_offered(self):
        twelve = {"oldest": ssl.TLSVersion.TLSv1_2, "newest": ssl.TLSVersion.TLSv1_2}
        ours, theirs = self.start_both(self.TLS)
        weak = Client(ciphers="ECDHE-ECDSA-AES128-SHA", **twelve)
        self.assertEqual(ours.ask(tls=weak).status, "refused")
        self.assertEqual(theirs.ask(tls=weak).status, 200)
        self.assertEqual(ours.ask(tls=Client(ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", **twelve)).status, 200)

    def test_a_certificate_whose_key_is_still_to_come_changes_nothing(self):
        ours, theirs = self.start_both(self.TLS)
        for server in (ours, theirs):
            shutil.copyfile(self.material / "renewed.crt", server.folder / "server.crt")
        self.assertEqual(ours.ask(tls=Client()).status, 200)
        self.assertEqual(theirs.ask(tls=Client()).status, "refused")

    def test_tls_that_is_turned_on_later_is_not_ignored(self):
        ours, theirs = self.start_both(f"basic_auth_users:\n  alice: {RIGHT}\n")
        for server in (ours, theirs):
            server.file.write_text(self.TLS)
        self.assertEqual(ours.ask().status, 500)
        self.assertEqual(theirs.ask().status, 200)

    def test_an_invalid_hash_in_a_later_file_is_not_ignored(self):
        ours, theirs = self.start_both(f"basic_auth_users:\n  alice: {RIGHT}\n")
        for server in (ours, theirs):
            server.file.write_text("basic_auth_users:\n  alice: nonsense\n")
        self.assertEqual(ours.ask(headers=basic("alice", "right")).status, 500)
        self.assertEqual(theirs.ask(headers=basic("alice", "right")).status, 401)


if __name__ == "__main__":
    unittest.main()
