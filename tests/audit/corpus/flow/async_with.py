async def f():
    async with get_db_ro() as db:
        await db.execute("UPDATE t SET a = 1")  # => UPDATE
