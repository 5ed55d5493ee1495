from fastapi import Depends


async def session():
    async with get_db_ro() as db:
        yield db


async def page(db=Depends(session)):
    await db.execute("UPDATE t SET a = 1")  # => UPDATE
