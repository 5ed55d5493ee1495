import functools

import tenacity


@tenacity.retry(stop=3)
@functools.lru_cache
def handler():
    get_db_ro().execute("UPDATE t SET a = 1")  # => UPDATE
