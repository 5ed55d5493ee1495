from typing import Annotated

from fastapi import Depends


def page(db: Annotated[object, Depends(get_db_ro)]):
    db.execute("UPDATE t SET a = 1")  # => UPDATE
