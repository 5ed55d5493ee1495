def f():
    get_db_ro().cursor().execute("UPDATE t SET a = 1")  # => UPDATE
