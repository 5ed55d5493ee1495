def walk(db, depth):
    if depth:
        db.execute("UPDATE t SET a = 1")  # => UPDATE
        walk(db, depth - 1)


def f():
    walk(get_db_ro(), 3)
