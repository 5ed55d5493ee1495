async def f():
    async with get_db_ro() as db:
        await db.fetch("SELECT 1")
        await db.fetchrow("INSERT INTO t VALUES (1) RETURNING id")  # => INSERT
        await db.fetchval("SELECT nextval('s')")  # => nextval
        await db.copy_records_to_table("t", records=[])  # => COPY FROM
