def f():
    handles = {"ro": get_db_ro(), "rw": get_db()}
    handles["rw"].execute("UPDATE t SET a = 1")
    handles["ro"].execute("UPDATE t SET a = 1")  # => UPDATE
