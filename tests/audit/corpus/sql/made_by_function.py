from textwrap import dedent


def update_of(table):
    return f"UPDATE {table} SET a = 1"


def f():
    db = get_db_ro()
    db.execute(update_of("t"))  # => UPDATE
    db.execute(dedent("""
        DELETE FROM t
    """).strip())  # => DELETE@-2
    db.execute("SELECT a FROM NAME".replace("NAME", "t"))
