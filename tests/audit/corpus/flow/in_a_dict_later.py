def f():
    handles = {}
    handles["ro"] = get_db_ro()
    handles["ro"].execute("UPDATE t SET a = 1")  # => UPDATE
