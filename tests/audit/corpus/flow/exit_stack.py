import contextlib


def f():
    with contextlib.ExitStack() as stack:
        db = stack.enter_context(get_db_ro())
        db.execute("UPDATE t SET a = 1")  # => UPDATE
