from typing import Annotated

from fastapi import Depends

ReadDb = Annotated[object, Depends(get_db_ro)]
WriteDb = Annotated[object, Depends(get_db)]


def page(db: ReadDb, writer: WriteDb):
    writer.execute("UPDATE t SET a = 1")
    db.execute("UPDATE t SET a = 1")  # => UPDATE
