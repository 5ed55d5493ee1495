def f():
    db = get_db_ro()
    db.execute("SELECT * FROM t FOR UPDATE")  # => SELECT FOR UPDATE
    db.execute("SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED")  # => SELECT FOR NO KEY UPDATE
    db.execute("SELECT * FROM (SELECT * FROM t FOR SHARE) s")  # => SELECT FOR SHARE
