from functools import partial


def save(db, row):
    db.execute("UPDATE t SET a = %s", (row,))  # => UPDATE


def f():
    run = partial(save, get_db_ro())
    run(1)
