def connect(mode):
    if mode == "ro":
        return get_db_ro()
    return get_db()


def run(sql, mode="ro"):
    return connect(mode).execute(sql)


def f():
    run("DELETE FROM t", mode="rw")
    run("DELETE FROM t", "ro")  # => DELETE
