"""A service manager as the exporter sees it: the socket in NOTIFY_SOCKET."""

import socket

import servers


class ServiceManager:
    def __init__(self, add_cleanup, folder):
        self.address = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        add_cleanup(self.socket.close)
        self.socket.bind(self.address)
        self.socket.settimeout(servers.DEADLINE_SECONDS)
        self.received = []

    def await_message(self, what, holds):
        """The next message for which holds(its assignments) is true."""
        while True:
            try:
                text = self.socket.recv(4096).decode()
            except TimeoutError as error:
                raise AssertionError(f"{what} was not received; received: {self.received}") from error
            message = dict(line.split("=", 1) for line in text.splitlines())
            self.received.append(message)
            if holds(message):
                return message

    def await_assignment(self, name, value="1"):
        return self.await_message(f"{name}={value}", lambda message: message.get(name) == value)

    def await_status(self, part):
        return self.await_message(f"a status with {part}", lambda message: part in message.get("STATUS", ""))
