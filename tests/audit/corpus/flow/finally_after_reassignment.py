def f():
    db = get_db()
    try:
        db.execute("UPDATE t SET a = 1")
    finally:
        db = get_db_ro()
    db.execute("SELECT 1")
    db.execute("UPDATE t SET a = 1")  # => UPDATE
