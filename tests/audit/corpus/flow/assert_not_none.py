def f(ready):
    db = None
    if ready():
        db = get_db_ro()
    assert db is not None
    db.execute("UPDATE t SET a = 1")  # => UPDATE
