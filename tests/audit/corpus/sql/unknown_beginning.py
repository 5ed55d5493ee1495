def f(prefix):
    db = get_db_ro()
    db.execute(f"{prefix} UPDATE t SET a = 1")  # => UPDATE?
