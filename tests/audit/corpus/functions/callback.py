def with_reader(work):
    with get_db_ro() as db:
        return work(db)


def f():
    with_reader(lambda db: db.execute("SELECT 1"))
    with_reader(lambda db: db.execute("UPDATE t SET a = 1"))  # => UPDATE
