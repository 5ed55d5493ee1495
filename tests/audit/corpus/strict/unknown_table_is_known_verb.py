def f(table):
    db = get_db_ro()
    db.execute(f"SELECT * FROM {table}")
    db.execute(f"WITH x AS (SELECT 1) {table}")  # strict => UNKNOWN?
