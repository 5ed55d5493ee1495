"""PgBouncer in transaction mode, in front of a throw-away server."""

import postgres
import servers


class PgBouncer:
    """In the server's folder, which the server's user may read."""

    def __init__(self, add_cleanup, server):
        self.port = servers.free_port()
        self.log = server.folder / f"pgbouncer-{server.name}.log"
        config = server.folder / f"pgbouncer-{server.name}.ini"
        # auth_type any: every client logs in as the user of the database entry.
        config.write_text(f"""[databases]
postgres = host=127.0.0.1 port={server.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_login_retry = 0.1
""")
        servers.start(add_cleanup, postgres.unprivileged(["/usr/sbin/pgbouncer", str(config)]), self.log)
        servers.poll("PgBouncer", lambda: postgres.accepts(self.port), self.log)

    @property
    def dsn(self):
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"
