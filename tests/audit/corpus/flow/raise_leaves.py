def f(write):
    db = get_db_ro()
    if write:
        db = get_db()
    else:
        raise PermissionError
    db.execute("UPDATE t SET a = 1")
