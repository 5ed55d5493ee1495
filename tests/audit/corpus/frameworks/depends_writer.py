from fastapi import Depends


def page(db=Depends(get_db)):
    db.execute("UPDATE t SET a = 1")
