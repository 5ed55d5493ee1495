def f():
    db = get_db_ro()
    db.execute("BEGIN")
    db.execute("ROLLBACK")
    db.execute("COMMIT")  # => COMMIT?
    db.execute("PREPARE TRANSACTION 'x'")  # => PREPARE
