import state


def f():
    get_db_ro().execute("SELECT 1")
    state.db.execute("UPDATE t SET a = 1")  # => UPDATE


def g():
    state.pools.slow.execute("UPDATE t SET a = 1")  # => UPDATE
