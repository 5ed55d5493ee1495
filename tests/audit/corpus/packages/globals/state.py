pool = None


def start():
    global pool
    pool = get_db_ro()
