def run(sql, db=None):
    if db is None:
        db = get_db_ro()
    db.execute(sql)


def f():
    run("UPDATE t SET a = 1", get_db())
    run("UPDATE t SET a = 1")  # => UPDATE
