def reader(retries):
    def decorate(function):
        def wrapper(*args):
            return function(get_db_ro(), *args)
        return wrapper
    return decorate


@reader(3)
def handler(db):
    db.execute("UPDATE t SET a = 1")  # => UPDATE
