import sqlalchemy as sa
from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert


def f(users):
    db = get_db_ro()
    db.execute(select(users).where(users.c.id == 1))
    db.execute(insert(users).values(a=1))  # => INSERT
    db.execute(update(users).where(users.c.id == 1).values(a=1))  # => UPDATE
    db.execute(sa.delete(users))  # => DELETE
    db.execute(upsert(users).values(a=1).on_conflict_do_nothing())  # => INSERT
    db.execute(users.insert(), [{"a": 1}])  # => INSERT
    db.execute(select(users).with_for_update())  # => SELECT FOR UPDATE
    statement = delete(users)
    statement = statement.where(users.c.id == 1)
    db.scalars(statement)  # => DELETE
