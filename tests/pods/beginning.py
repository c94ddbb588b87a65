"""The world in which alice's pod runs already: made once in a process by the product itself, then brought back.

Most tests of pods begin with it, and making it takes longer than many of them do. What is brought back are the rows
that were made, inside the test's own transaction, and the fake's state; what was a second ago then, is a second ago.

Decides: how that is kept and brought back. Not: what a running pod is (conftest.py makes the first one).
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection

from clusters.dataplane import transport
from demo.handle import FakeHandle

Made = TypeVar("Made")
Rows = dict[str, list[dict[str, Any]]]

# The tables of the product: their columns, and those of them that hold moments.
_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.atttypid = 'timestamptz'::regtype)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attgenerated = '' AND c.relname NOT LIKE 'django%' AND c.relname NOT LIKE 'auth%'
   AND c.relname <> 'test_clock'
 GROUP BY c.relname
 ORDER BY c.relname
"""


@dataclass(frozen=True)
class Kept:
    """`before`: the rows that there were; only beside the same rows can those that were made be brought back."""

    before: Rows
    bring_back: str
    rows: dict[str, str]
    at: datetime
    fake: str
    made: bytes


_kept: dict[str, Kept] = {}


def begun_with(plane: FakeHandle, name: str, make: Callable[[], Made]) -> Made:
    """What `make` returns: made by it, or a copy of what it made first under that name."""
    with connection.cursor() as cursor:
        before = _rows(cursor)
        kept = _kept.get(name)
        if kept is None or kept.before != before:
            made = make()
            _kept[name] = _keep(cursor, plane, before, made)
            return made
        plane.load(kept.fake)
        transport._this_threads().silent.clear()  # its cluster's endpoints, by another test's experience
        cursor.execute("SELECT clock_timestamp() - %s", [kept.at])
        cursor.execute(kept.bring_back, {**kept.rows, "later": cursor.fetchone()[0]})
    copy: Made = pickle.loads(kept.made)
    return copy


def _rows(cursor: Any) -> Rows:
    """All rows as JSON, by table."""
    cursor.execute(_TABLES)
    names = [name for name, *_ in cursor.fetchall()]
    cursor.execute(" UNION ALL ".join(f"SELECT '{name}', coalesce(json_agg(t), '[]') FROM {name} t" for name in names))
    return dict(cursor.fetchall())


def _keep(cursor: Any, plane: FakeHandle, before: Rows, made: object) -> Kept:
    after, back, rows = _rows(cursor), [], {}
    cursor.execute(_TABLES)
    for table, columns, moments in cursor.fetchall():
        new = [row for row in after[table] if row not in before[table]]
        assert len(new) == len(after[table]) - len(before[table]), f"{table}: only new rows can be brought back"
        if new:
            names = [f'"{name}"' for name in columns]
            values = [f'"{name}" + %(later)s' if name in (moments or ()) else f'"{name}"' for name in columns]
            source = f"json_populate_recordset(NULL::{table}, %({table})s)"
            back.append(f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {source}")
            rows[table] = json.dumps(new)
    cursor.execute("SELECT clock_timestamp()")
    [at] = cursor.fetchone()
    return Kept(before, "; ".join(back), rows, at, plane.save(), pickle.dumps(made))
