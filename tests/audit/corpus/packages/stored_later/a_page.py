import state


def f():
    state.db.execute("UPDATE t SET a = 1")  # => UPDATE


def g():
    state.pools.slow.execute("UPDATE t SET a = 1")  # => UPDATE
