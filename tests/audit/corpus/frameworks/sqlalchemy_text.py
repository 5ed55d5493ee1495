from sqlalchemy import text


def f():
    with get_db_ro() as session:
        session.execute(text("SELECT 1"))
        session.execute(text("UPDATE t SET a = :a"), {"a": 1})  # => UPDATE
