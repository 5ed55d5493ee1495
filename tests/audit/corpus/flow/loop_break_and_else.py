def f(names):
    for name in names:
        if name:
            db = get_db()
            break
    else:
        db = get_db_ro()
    db.execute("UPDATE t SET a = 1")  # => UPDATE?
