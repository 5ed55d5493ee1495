import state


def start():
    state.db = get_db_ro()
    state.pools.slow = get_ro_db()
