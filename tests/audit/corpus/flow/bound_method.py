def f():
    run = get_db_ro().execute
    run("UPDATE t SET a = 1")  # => UPDATE
