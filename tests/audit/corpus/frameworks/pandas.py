import pandas


def f(frame):
    db = get_db_ro()
    pandas.read_sql("SELECT 1", db)
    frame.to_sql("t", db)  # => INSERT
    frame.to_sql("t", con=db)  # => INSERT
