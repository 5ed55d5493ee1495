def save(db, row):
    db.execute("UPDATE t SET a = %s", (row,))  # => UPDATE


def call(function, *args, **kwargs):
    return function(*args, **kwargs)


def f():
    call(save, get_db_ro(), row=1)
