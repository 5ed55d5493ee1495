import functools


def read_session(function):
    @functools.wraps(function)
    def wrapper(*args, session=None, **kwargs):
        if session is None:
            with maker() as session:
                return function(*args, session=session, **kwargs)
        return function(*args, session=session, **kwargs)
    return wrapper


def transactional_session(function):
    @functools.wraps(function)
    def wrapper(*args, session=None, **kwargs):
        if session is not None:
            return function(*args, session=session, **kwargs)
        with maker.begin() as session:
            return function(*args, session=session, **kwargs)
    return wrapper
