def f():
    db = get_db_ro()
    db.execute("SELECT 1")
    db.commit()  # => COMMIT?
