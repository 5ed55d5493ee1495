from sqlalchemy import delete, select


def get(session, pk, for_update=False):
    query = select(Worker).where(Worker.id == pk)
    if for_update:
        query = query.with_for_update()
    return session.scalar(query)  # => SELECT FOR UPDATE


def purge(session, keep):
    statement = select(Worker) if keep else delete(Worker)
    session.execute(statement)


def read(pk):
    get(get_db_ro(), pk)
    get(get_db_ro(), pk, for_update=False)
    purge(get_db_ro(), keep=True)


def lock(pk):
    get(get_db_ro(), pk, for_update=True)
    get(get_db(), pk, for_update=True)
