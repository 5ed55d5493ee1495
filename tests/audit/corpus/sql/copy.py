def f():
    db = get_db_ro()
    db.execute("COPY t FROM '/tmp/x'")  # => COPY FROM
    db.execute("COPY t TO '/tmp/x'")
    db.execute("COPY (DELETE FROM t RETURNING a) TO STDOUT")  # => DELETE
