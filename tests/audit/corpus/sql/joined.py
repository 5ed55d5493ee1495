def f(columns):
    db = get_db_ro()
    parts = ["UPDATE t"]
    parts.append("SET a = 1")
    db.execute(" ".join(parts))  # => UPDATE
    db.execute("SELECT " + ", ".join(columns) + " FROM t")
