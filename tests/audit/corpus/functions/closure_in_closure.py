def f():
    db = get_db_ro()

    def save(sql):
        db.execute(sql)

    def twice():
        save("SELECT 1")
        save("UPDATE t SET a = 1")  # => UPDATE

    run(twice)


def run(work):
    work()
