def f(ids):
    db = get_db_ro()
    db.execute("SELECT * FROM t WHERE id IN %s AND a LIKE '%%x' LIMIT %s", (ids, 1))
    db.execute("SELECT * FROM t WHERE id = ANY(%(ids)s)", {"ids": ids})
    db.execute("SELECT * FROM t WHERE id = :id AND b::int = 1", {"id": 1})
    db.execute("SELECT * FROM t WHERE id = $1", 1)
    db.execute("SELECT * FROM t WHERE id = ?", (1,))
    db.execute("UPDATE t SET a = :a", {"a": 1})  # => UPDATE
