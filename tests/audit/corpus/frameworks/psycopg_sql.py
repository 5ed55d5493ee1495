from psycopg import sql


def f(table, columns):
    db = get_db_ro()
    db.execute(sql.SQL("UPDATE {} SET a = {}").format(sql.Identifier(table), sql.Placeholder()))  # => UPDATE
    db.execute(sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)))
    db.execute(sql.SQL("DELETE FROM ") + sql.Identifier(table))  # => DELETE
    db.execute(sql.Composed([sql.SQL("TRUNCATE "), sql.Identifier(table)]))  # => TRUNCATE
