"""The tables, and how an older database becomes one of this version.

A database says its version in ``user_version``. ``MIGRATIONS[n]`` takes one from version n to
n+1; the first creates everything. A released entry is never edited: what changes gets a new one.
"""

from __future__ import annotations

APPLICATION_ID = 0x4A434D50
"""Marks the file as ours ("JCMP"), so that no other program's database is ever touched."""

# runs holds what is searched and sorted by and stays narrow; records holds the whole run, and
# parts what many runs have in common: a lock file or a list of packages is kept once.
# A time that is not known yet is stored as infinity, so that keyset paging needs no NULLs.
_VERSION_1 = (
    """
    CREATE TABLE counter (
        id INTEGER PRIMARY KEY CHECK (id = 0),
        revision INTEGER NOT NULL
    )
    """,
    "INSERT INTO counter VALUES (0, 0)",
    """
    CREATE TABLE runs (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL COLLATE NOCASE,
        experiment TEXT NOT NULL COLLATE NOCASE,
        target TEXT NOT NULL,
        notebook TEXT NOT NULL,
        parent_id TEXT NOT NULL,
        snapshot_id TEXT NOT NULL,
        state INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        created REAL NOT NULL,
        started REAL NOT NULL,
        ended REAL NOT NULL,
        revision INTEGER NOT NULL
    )
    """,
    "CREATE INDEX runs_created ON runs (created)",
    "CREATE INDEX runs_started ON runs (started)",
    "CREATE INDEX runs_ended ON runs (ended)",
    "CREATE INDEX runs_name ON runs (name, created)",
    "CREATE INDEX runs_revision ON runs (revision)",
    "CREATE INDEX runs_snapshot ON runs (snapshot_id)",
    "CREATE INDEX runs_target ON runs (target, created)",
    "CREATE INDEX runs_state ON runs (state, created)",
    "CREATE INDEX runs_experiment ON runs (experiment, created)",
    "CREATE INDEX runs_notebook ON runs (notebook, created) WHERE notebook != ''",
    "CREATE INDEX runs_parent ON runs (parent_id, created) WHERE parent_id != ''",
    "CREATE INDEX runs_active ON runs (key) WHERE state < 4",
    """
    CREATE TABLE parts (
        id INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        body BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE records (
        key INTEGER PRIMARY KEY REFERENCES runs (key) ON DELETE CASCADE,
        body BLOB NOT NULL,
        environment INTEGER NOT NULL REFERENCES parts (id),
        packages INTEGER NOT NULL REFERENCES parts (id)
    )
    """,
    """
    CREATE TABLE search (
        key INTEGER PRIMARY KEY REFERENCES runs (key) ON DELETE CASCADE,
        text TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE tags (
        key INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (key, name)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX tags_value ON tags (name, value, key)",
    """
    CREATE TABLE inputs (
        key INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
        digest TEXT NOT NULL,
        PRIMARY KEY (key, digest)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE tallies (
        target TEXT NOT NULL,
        state INTEGER NOT NULL,
        runs INTEGER NOT NULL,
        PRIMARY KEY (target, state)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE deleted (revision INTEGER PRIMARY KEY, id TEXT NOT NULL)",
    """
    CREATE TABLE events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        key INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
        attempt INTEGER NOT NULL,
        type TEXT NOT NULL,
        name TEXT NOT NULL,
        body BLOB NOT NULL
    )
    """,
    "CREATE INDEX events_type ON events (key, type)",
    """
    CREATE TABLE last_metrics (
        key INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
        name TEXT NOT NULL,
        value,
        PRIMARY KEY (key, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE offsets (
        key INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
        attempt INTEGER NOT NULL,
        name TEXT NOT NULL,
        value INTEGER NOT NULL,
        PRIMARY KEY (key, attempt, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE snapshots (
        id TEXT PRIMARY KEY,
        taken REAL NOT NULL,
        body BLOB NOT NULL
    )
    """,
    f"PRAGMA application_id = {APPLICATION_ID}",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1,)

VERSION = len(MIGRATIONS)
"""The version of the tables that this package reads and writes."""
