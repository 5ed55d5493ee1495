def inner(db):
    db.execute("DELETE FROM t")  # => DELETE


def middle(db):
    inner(db)


def outer(db):
    middle(db)


def f():
    outer(get_db_ro())
