from flask import g


def before():
    g.db = get_db_ro()


def f():
    g.db.execute("UPDATE t SET a = 1")  # => UPDATE
