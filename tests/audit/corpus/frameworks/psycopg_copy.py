def f(file):
    with get_db_ro() as db, db.cursor() as cur:
        with cur.copy("COPY t FROM STDIN") as copy:  # => COPY FROM
            copy.write(file.read())
        with cur.copy("COPY t TO STDOUT") as copy:
            copy.read()
        cur.copy_from(file, "t")  # => COPY FROM
        cur.copy_expert("COPY t FROM STDIN", file)  # => COPY FROM
