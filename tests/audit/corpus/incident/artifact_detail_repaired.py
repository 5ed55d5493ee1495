from api_shared.db import get_db, get_db_ro


def artifact_detail(artifact_id):
    db = get_db_ro()
    artifact = db.execute("SELECT * FROM artifacts WHERE id = %s", (artifact_id,)).fetchone()
    if artifact is None:
        return None
    with get_db() as writer:
        writer.execute("UPDATE artifacts SET views = views + 1 WHERE id = %s", (artifact_id,))
        writer.commit()
    return artifact
