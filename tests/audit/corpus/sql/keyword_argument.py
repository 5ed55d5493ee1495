def f():
    db = get_db_ro()
    db.execute(query="UPDATE t SET a = 1")  # => UPDATE
    db.execute(statement="SELECT 1")
