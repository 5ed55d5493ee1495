def f():
    first, *others = [get_db_ro(), get_db(), get_db()]
    first.execute("UPDATE t SET a = 1")  # => UPDATE
    others[0].execute("UPDATE t SET a = 1")
