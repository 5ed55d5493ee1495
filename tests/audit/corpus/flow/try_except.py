def f():
    try:
        db = get_db()
    except OSError:
        db = get_db_ro()
    db.execute("UPDATE t SET a = 1")  # => UPDATE?
