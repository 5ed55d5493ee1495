from contextlib import contextmanager


@contextmanager
def reading():
    db = get_db_ro()
    try:
        yield db
    finally:
        db.close()


def f():
    with reading() as db:
        db.execute("UPDATE t SET a = 1")  # => UPDATE
