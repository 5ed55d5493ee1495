#!/usr/bin/env python3
"""The incident once more: a code base of 35,000 lines in which 1,000 functions use both handles rightly and two write
through the read handle. Prints what the audit finds there, how fast, and with how much memory; fails if it finds anything
else than the two."""

import pathlib
import random
import resource
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src" / "audit"))

from scidex_pg_audit import configuration  # noqa: E402
from scidex_pg_audit.audit import audit  # noqa: E402

FUNCTIONS = 1_000
LINES = 35_000
MODULES = 40
SEED = 2025
TABLES = ("artifacts", "users", "comments", "scores", "edges", "papers", "notes", "tags")

RIGHT = (
    """\
def {name}({table}_id, touch=False):
    db = get_db_ro()
    row = db.execute("SELECT * FROM {table} WHERE id = %s", ({table}_id,)).fetchone()
    if row is None:
        return None
    if touch:
        with get_db() as writer:
            writer.execute("UPDATE {table} SET seen = now() WHERE id = %s", ({table}_id,))
            writer.commit()
    return row
""", """\
def {name}(limit=50, where="true"):
    columns = ", ".join(["id", "title", "created_at"])
    sql = f"SELECT {{columns}} FROM {table} WHERE {{where}} ORDER BY created_at DESC LIMIT %s"
    with get_db_ro() as db:
        with db.cursor() as cur:
            cur.execute(sql, (limit,))
            rows = cur.fetchall()
    return [dict(zip(("id", "title", "created_at"), row)) for row in rows]
""", """\
def {name}(values, write=False):
    db = get_db() if write else get_db_ro()
    try:
        known = {{row[0] for row in db.execute("SELECT id FROM {table}").fetchall()}}
        if write:
            for value in values:
                if value not in known:
                    db.execute("INSERT INTO {table} (id) VALUES (%s)", (value,))
            db.commit()
        return known
    finally:
        db.close()
""", """\
def {name}(query, *args):
    rows = fetch(get_db_ro(), "SELECT count(*) FROM {table} WHERE title ILIKE %s", query)
    if not rows:
        store(get_db(), "INSERT INTO searches (query) VALUES (%s)", query)
    return rows
""")
WRONG = {
    "artifact_detail": """\
def artifact_detail(artifact_id):
    db = get_db_ro()
    row = db.execute("SELECT * FROM artifacts WHERE id = %s", (artifact_id,)).fetchone()
    if row is not None:
        db.execute("UPDATE artifacts SET views = views + 1 WHERE id = %s", (artifact_id,))
    return row
""",
    "_cache_get": """\
def _cache_get(key, ttl=300):
    db = get_db_ro()
    row = db.execute("SELECT value, created_at < now() - %s FROM cache WHERE key = %s", (ttl, key)).fetchone()
    if row and row[1]:
        db.execute("DELETE FROM cache WHERE key = %s", (key,))
        return None
    return row and row[0]
"""}
SHARED = """\
from psycopg_pool import ConnectionPool


def fetch(db, sql, *args):
    return db.execute(sql, args).fetchall()


def store(db, sql, *args):
    with db:
        db.execute(sql, args)
        db.commit()
"""
FILLER = """\
    # Step {number} of the report.
    total_{number} = sum(item.get("value", 0) for item in items if item.get("kind") == {number})
    if total_{number} > limits.get("step_{number}", 100):
        messages.append("step {number}: " + str(total_{number}))
"""


def function_of(name, body, rng):
    """The function, and another that has nothing to do with the database, so that the lines add up."""
    filler = "".join(FILLER.format(number=number) for number in range(rng.randint(3, 6)))
    report = f"def {name}_report(items, limits):\n    messages = []\n{filler}    return messages\n"
    return f"{body}\n\n{report}\n\n"


def generate(folder, rng):
    """Returns how many lines there are."""
    names = [f"page_{number}" for number in range(FUNCTIONS)]
    for name in WRONG:
        names.insert(rng.randrange(len(names)), name)
    bodies = [WRONG.get(name) or rng.choice(RIGHT).format(name=name, table=rng.choice(TABLES)) for name in names]
    modules = [[] for _ in range(MODULES)]
    for position, (name, body) in enumerate(zip(names, bodies)):
        modules[position % MODULES].append(function_of(name, body, rng))
    head = "from api_shared.db import get_db, get_db_ro\nfrom shared import fetch, store\n\n\n"
    texts = {f"pages_{number}.py": head + "".join(functions) for number, functions in enumerate(modules)}
    texts["shared.py"] = SHARED
    missing = LINES - sum(text.count("\n") for text in texts.values())
    texts["constants.py"] = "".join(f"LIMIT_{number} = {number}\n" for number in range(max(0, missing)))
    for name, text in texts.items():
        (folder / name).write_text(text)
    return sum(text.count("\n") for text in texts.values())


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = generate(folder, random.Random(SEED))
        started = time.process_time()
        report = audit([name], configuration.load())
        seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for finding in report.findings:
        print(f"{pathlib.Path(finding.file).name}:{finding.line} {finding.called()} {finding.handle} {finding.verb} "
              f"({finding.certainty})")
    print(f"{lines:,} lines, {FUNCTIONS + len(WRONG):,} functions with handles, {len(report.findings)} findings; "
          f"{seconds:.1f} s of one processor, {lines / seconds:,.0f} lines/s, {memory:.0f} MiB")
    found = {(finding.function, finding.certainty) for finding in report.findings}
    return 0 if found == {(name, "certain") for name in WRONG} else 1


if __name__ == "__main__":
    sys.exit(main())
