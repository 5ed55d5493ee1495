from sqlalchemy import select


def checked(function):
    def wrapper(*args, **kwargs):
        check(args[0])
        return function(*args, **kwargs)
    return wrapper


@checked
def get(session, pk, for_update=False):
    query = select(Worker)
    if for_update:
        query = query.with_for_update()
    return session.scalar(query)


@checked
def lock(session, pk, for_update=True):
    query = select(Worker)
    if for_update:
        query = query.with_for_update()
    return session.scalar(query)  # => SELECT FOR UPDATE


def read(pk):
    get(get_db_ro(), pk)
    get(get_db_ro(), pk=pk, for_update=False)
    lock(get_db_ro(), pk)
    lock(get_db_ro(), pk, for_update=False)
