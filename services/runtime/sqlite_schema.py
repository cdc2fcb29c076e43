"""The one file of the embedded log: its tables, and how a connection to it is opened.

A record's row id is `stream << 40 | offset`, so a partition's records lie side by side in order and reading
from a position is a range scan of the table itself. 2^40 offsets a partition and 2^22 partitions are out of
reach of one machine.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from services.runtime.log import LogError, LogUnavailable

OFFSET_BITS = 40
BUSY_MS_MAX = 5_000
"""How long a write waits for another process's transaction."""

_FORMAT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS topics (
  topic TEXT PRIMARY KEY, partitions INTEGER NOT NULL, retention_ms INTEGER NOT NULL, compacted INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS streams (
  stream INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  start_offset INTEGER NOT NULL DEFAULT 0, next_offset INTEGER NOT NULL DEFAULT 0,
  UNIQUE (topic, partition)
) STRICT;
CREATE TABLE IF NOT EXISTS records (
  id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, timestamp_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS members (
  topic TEXT NOT NULL, grp TEXT NOT NULL, member TEXT NOT NULL, seen REAL NOT NULL, timeout REAL NOT NULL,
  PRIMARY KEY (topic, grp, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (
  topic TEXT NOT NULL, grp TEXT NOT NULL, partition INTEGER NOT NULL, member TEXT NOT NULL,
  PRIMARY KEY (topic, grp, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generations (
  topic TEXT NOT NULL, grp TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (topic, grp)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hints (
  topic TEXT NOT NULL, grp TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
  PRIMARY KEY (topic, grp, partition)
) STRICT, WITHOUT ROWID;
"""


def connect(path: Path, *, writing: bool, alone: bool = False) -> sqlite3.Connection:
    """Opens the file; the writing side also makes it and its tables. Raises LogUnavailable, LogError.

    Every commit of the writing side is on disk before it is acknowledged (`synchronous=FULL`). A reader that is `alone`,
    without a writing side in its process, changes no byte of the file and takes none that is no log; SQLite may leave
    its `-wal` and `-shm` beside it.
    """
    file = f"{path.absolute().as_uri()}?mode=ro" if alone else str(path)
    try:
        connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, uri=alone)
    except sqlite3.Error as error:
        raise unavailable(path, error) from error
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS_MAX}")
        if writing:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _prepare(connection, path)
        else:
            connection.execute("PRAGMA query_only = ON")
            if alone and not _format(connection, path):
                raise LogError(f"{path} is not a log of Frontdesk (it is empty); name another file")
    except sqlite3.OperationalError as error:
        connection.close()
        raise unavailable(path, error) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise LogError(
            f"{path} is not a log of Frontdesk ({error}); move it away or name another file"
        ) from error
    except LogError:
        connection.close()
        raise
    return connection


def unavailable(path: Path, error: Exception) -> LogUnavailable:
    return LogUnavailable(
        f"the log {path} cannot be used now ({error}); check that its folder exists, may be written and has room"
    )


def _format(connection: sqlite3.Connection, path: Path) -> int:
    """The format of the file; 0 of one that has nothing of ours yet. Raises LogError for one that is not read here."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found not in (0, _FORMAT):
        raise LogError(
            f"{path} has format {found}, this version reads {_FORMAT}; use the version that wrote it"
        )
    return found


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if not _format(connection, path):
        connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_FORMAT}; COMMIT;")
