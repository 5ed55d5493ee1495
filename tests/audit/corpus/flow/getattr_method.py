def f():
    getattr(get_db_ro(), "execute")("UPDATE t SET a = 1")  # => UPDATE
