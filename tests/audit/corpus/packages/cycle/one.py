import two


def reader():
    return get_db_ro()


def f():
    two.save(reader())
