def f():
    db = get_db_ro()
    with db:
        db.execute("DELETE FROM t")  # => DELETE
