def f():
    db = get_db_ro()
    return db.execute("SELECT 1").fetchall()
