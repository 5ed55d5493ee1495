import state


def f():
    state.pool.execute("UPDATE t SET a = 1")  # => UPDATE
