"""The incident's first violation: a page's view counter, through a handle that was believed to be read-only."""
from api_shared.db import get_db_ro


def artifact_detail(artifact_id):
    db = get_db_ro()
    artifact = db.execute("SELECT * FROM artifacts WHERE id = %s", (artifact_id,)).fetchone()
    if artifact is None:
        return None
    db.execute("UPDATE artifacts SET views = views + 1 WHERE id = %s", (artifact_id,))  # => UPDATE
    return artifact
