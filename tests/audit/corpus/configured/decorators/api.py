from sqlalchemy import text, update

from decorators import read_session, transactional_session


@read_session
def rules(account, *, session=None):
    session.execute(text("SELECT 1"))
    session.execute(text("UPDATE rules SET seen = true"))  # => UPDATE
    touch(account, session=session)
    write(account, session)


def write(account, session):
    session.execute(update(account))  # => UPDATE


@transactional_session
def touch(account, *, session=None):
    session.execute(text("UPDATE accounts SET seen = true"))  # => UPDATE


@transactional_session
def create(account, *, session=None):
    session.execute(text("INSERT INTO accounts VALUES (1)"))
    rules(account, session=session)


@manager.reader
def instances(context):
    context.session.query(Instance).update({"seen": True})  # => UPDATE
    model_query(context, Instance).update({"seen": True})  # => UPDATE
    model_query(context, Instance).all()
    context.add("a note")
    context.elevated().session.execute(text("UPDATE t SET a = 1"))


def model_query(context, model):
    return context.session.query(model)


@manager.writer
def instance_update(context):
    model_query(context, Instance).update({"seen": True})


class Api:
    @manager.reader.allow_async
    def volumes(self, context):
        context.session.add(Volume())

    @manager.reader()
    def snapshots(self, context, session=None):
        context.session.add(Snapshot())  # => INSERT
        session.add(Snapshot())


@both
def copy(source, target, third):
    source.execute(text("DELETE FROM t"))  # => DELETE
    target.execute(text("DELETE FROM t"))  # => DELETE
    third.execute(text("DELETE FROM t"))
