def f(settings):
    get_connection(readonly=True).execute("UPDATE t SET a = 1")  # => UPDATE
    get_connection(readonly=False).execute("UPDATE t SET a = 1")
    get_connection().execute("UPDATE t SET a = 1")
    engine_for("replica").run_sql("UPDATE t SET a = 1")  # => UPDATE
    engine_for("primary").run_sql("UPDATE t SET a = 1")
    with ro_pool.connection() as db:
        db.execute("SELECT take_ticket()")  # => take_ticket
        db.upsert("t", {"a": 1})  # => INSERT
        db.commit()
    settings.engines["ro"].execute("DELETE FROM t")  # => DELETE


def g(session: ReadSession, other: "ReadSession | None" = None):
    session.execute("DELETE FROM t")  # => DELETE
    other.execute("DELETE FROM t")  # => DELETE


def connect(ro=False):
    return get_connection(readonly=ro)


def h():
    connect(ro=True).execute("DELETE FROM t")  # => DELETE
    connect().execute("DELETE FROM t")
