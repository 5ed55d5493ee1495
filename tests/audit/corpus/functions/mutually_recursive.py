def even(db, n):
    return odd(db, n - 1) if n else None


def odd(db, n):
    db.execute("DELETE FROM t")  # => DELETE
    return even(db, n - 1)


def f():
    even(get_db_ro(), 8)
