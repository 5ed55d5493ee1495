def save(session):
    session.add(1)  # => INSERT


async def f():
    async with get_db_ro() as session:
        await session.run_sync(save)
