def query(sql, *args):
    with get_db_ro() as db:
        return db.execute(sql, args).fetchall()


def f():
    query("SELECT 1")
    query("DELETE FROM t WHERE id = %s", 1)  # => DELETE
