def f():
    db = get_db_ro()
    try:
        return db.execute("SELECT 1").fetchone()
    finally:
        db.execute("INSERT INTO log VALUES (1)")  # => INSERT
