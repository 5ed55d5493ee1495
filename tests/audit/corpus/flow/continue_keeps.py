def f(names):
    db = get_db()
    for name in names:
        if not name:
            db = get_db_ro()
            continue
        db.execute("UPDATE t SET a = 1")  # => UPDATE?
