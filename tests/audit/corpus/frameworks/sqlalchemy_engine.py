import os

from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

ro_engine = create_engine(os.environ["SCIDEX_PG_RO_DSN"])
engine = create_engine(os.environ["SCIDEX_PG_DSN"])
RoSession = sessionmaker(bind=ro_engine)
Session = sessionmaker(bind=engine)


def f(user):
    with ro_engine.begin() as db:
        db.execute(text("UPDATE t SET a = 1"))  # => UPDATE
    with RoSession() as session:
        session.add(user)  # => INSERT
    with Session() as session:
        session.add(user)
        session.commit()
