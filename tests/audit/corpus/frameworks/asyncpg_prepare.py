async def f():
    async with get_db_ro() as db:
        statement = await db.prepare("UPDATE t SET a = $1")
        await statement.fetch(1)  # => UPDATE
        other = await db.prepare("SELECT $1")
        await other.fetch(1)
