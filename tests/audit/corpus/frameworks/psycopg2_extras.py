from psycopg2.extras import execute_batch, execute_values


def f(rows):
    with get_db_ro() as db, db.cursor() as cur:
        execute_values(cur, "INSERT INTO t VALUES %s", rows)  # => INSERT
        execute_batch(cur, "SELECT %s", rows)
