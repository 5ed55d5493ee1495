def f(ids):
    db = get_db_ro()
    return sum(db.execute("DELETE FROM t WHERE id = %s", (i,)).rowcount for i in ids)  # => DELETE
