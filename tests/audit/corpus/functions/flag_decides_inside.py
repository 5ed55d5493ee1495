def run(sql, write=False):
    if write:
        db = get_db()
    else:
        db = get_db_ro()
    return db.execute(sql)


def f():
    run("SELECT 1")
    run("UPDATE t SET a = 1", write=True)
    run("UPDATE t SET a = 1")  # => UPDATE
