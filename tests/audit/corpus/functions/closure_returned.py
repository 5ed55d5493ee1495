def saver():
    db = get_db_ro()

    def save():
        db.execute("UPDATE t SET a = 1")  # => UPDATE

    return save


def f():
    saver()()
