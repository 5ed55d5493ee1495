def f():
    db = get_db_ro()
    db.execute("SELECT 1; DELETE FROM t; SELECT 2")  # => DELETE
    db.execute("SELECT 1; SELECT 2;")
