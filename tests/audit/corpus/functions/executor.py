import asyncio


def save(db):
    db.execute("UPDATE t SET a = 1")  # => UPDATE


async def f():
    await asyncio.to_thread(save, get_db_ro())
