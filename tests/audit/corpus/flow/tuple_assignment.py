def f():
    reader, writer = get_db_ro(), get_db()
    writer.execute("UPDATE t SET a = 1")
    reader.execute("UPDATE t SET a = 1")  # => UPDATE
