def f(ids):
    db = get_db_ro()
    return [db.execute("DELETE FROM t WHERE id = %s", (i,)) for i in ids]  # => DELETE
