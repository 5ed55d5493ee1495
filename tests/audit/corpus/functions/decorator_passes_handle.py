from functools import wraps


def with_reader(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        with get_db_ro() as db:
            return function(db, *args, **kwargs)
    return wrapper


@with_reader
def handler(db, row):
    db.execute("UPDATE t SET a = %s", (row,))  # => UPDATE


@with_reader
def reads(db):
    return db.execute("SELECT 1")
