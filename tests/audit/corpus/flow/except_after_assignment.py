def f():
    db = get_db()
    try:
        db = get_db_ro()
        db.execute("SELECT 1")
    except TimeoutError:
        db.execute("UPDATE t SET a = 1")  # => UPDATE?
