def f(kind):
    match kind:
        case "read":
            db = get_db_ro()
        case _:
            db = get_db()
    db.execute("UPDATE t SET a = 1")  # => UPDATE?


def g(kind):
    db = get_db_ro()
    match kind:
        case "write":
            db = get_db()
    db.execute("UPDATE t SET a = 1")  # => UPDATE?
