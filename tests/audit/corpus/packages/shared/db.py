def reader():
    return get_db_ro()


def save(db, row):
    db.execute("UPDATE t SET a = %s", (row,))  # => UPDATE


SAVE = "UPDATE t SET a = 1"
