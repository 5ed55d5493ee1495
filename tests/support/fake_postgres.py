"""A server that implements as much of PostgreSQL's protocol as a test needs, and then sends what the test wants.
https://www.postgresql.org/docs/current/protocol-message-formats.html"""

import socket
import struct
import threading

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


class FakePostgres:
    """On its own port; serve(server, client) continues after the startup packet, on one thread per client."""

    def __init__(self, add_cleanup, serve):
        self.serve = serve
        # The parameters of each startup packet, as they were sent.
        self.startups = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        add_cleanup(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.start_up, args=(client,), daemon=True).start()

    def start_up(self, client):
        with client:
            try:
                while True:
                    size, code = struct.unpack("!II", self.read(client, 8))
                    parameters = self.read(client, size - 8)
                    if code not in (SSL_REQUEST, GSS_REQUEST):
                        self.startups.append(parameters)
                        break
                    client.sendall(b"N")
                self.serve(self, client)
            except OSError:  # ConnectionError is one
                pass

    @staticmethod
    def read(client, size):
        data = b""
        while len(data) < size:
            part = client.recv(size - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def read_message(self, client):
        """Type and body."""
        kind, size = struct.unpack("!cI", self.read(client, 5))
        return kind, self.read(client, size - 4)
