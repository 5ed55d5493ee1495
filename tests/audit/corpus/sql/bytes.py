def f():
    db = get_db_ro()
    db.execute(b"DELETE FROM t")  # => DELETE
