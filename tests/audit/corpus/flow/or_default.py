def f(db=None):
    db = db or get_db_ro()
    db.execute("UPDATE t SET a = 1")  # => UPDATE?
