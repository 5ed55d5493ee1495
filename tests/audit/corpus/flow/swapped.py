def f():
    reader, writer = get_db_ro(), get_db()
    reader, writer = writer, reader
    reader.execute("UPDATE t SET a = 1")
    writer.execute("UPDATE t SET a = 1")  # => UPDATE
