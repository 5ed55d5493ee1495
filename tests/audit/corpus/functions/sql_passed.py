def run(db, sql):
    return db.execute(sql)


def f():
    db = get_db_ro()
    run(db, "SELECT 1")
    run(db, "UPDATE t SET a = 1")  # => UPDATE
