def reader():
    return get_db_ro()
