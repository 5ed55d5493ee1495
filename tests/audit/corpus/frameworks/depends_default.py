from fastapi import APIRouter, Depends

router = APIRouter()


@router.get("/")
async def page(db=Depends(get_db_ro)):
    await db.execute("UPDATE t SET a = 1")  # => UPDATE
