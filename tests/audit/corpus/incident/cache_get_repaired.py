import json

from api_shared.db import get_db, get_db_ro


def _cache_get(key, ttl=300):
    try:
        db = get_db_ro()
        row = db.execute("SELECT value, created_at < now() - %s FROM cache WHERE key = %s", (ttl, key)).fetchone()
        if row and row[1]:
            db = get_db()
            db.execute("DELETE FROM cache WHERE key = %s", (key,))
            db.commit()
            return None
        return json.loads(row[0]) if row else None
    except Exception:
        return None
