"""The program of the process that reads half of the files of a large first snapshot.

It is run by its path, imports nothing of the package, and does only what goes well: a file that
is odd in any way gets ``null`` and is left to the process that asked.

Usage: ``second_reader.py PACK END FLAGS LARGEST < PATHS``, where ``PACK`` is an inherited file to
which bytes are appended from ``END`` on, and the paths end with NUL each.
"""

import hashlib
import json
import os
import stat
import sys

FLUSH_BYTES = 4 << 20
VECTOR = 512


def main() -> None:
    """Read all files and print a row for each: digest, offset and stat key."""
    pack, end, flags, largest = map(int, sys.argv[1:])
    rows: list[list[object] | None] = []
    places: dict[str, int] = {}
    waiting: list[bytes] = []
    start = end
    for path in sys.stdin.buffer.read().split(b"\0")[:-1]:
        found = read(path, flags, largest)
        if found is None:
            rows.append(None)
            continue
        data, status = found
        digest = hashlib.sha256(data).hexdigest()
        if digest not in places:
            places[digest] = end
            end += len(data)
            waiting.append(data)
        rows.append([digest, places[digest], *key(status)])
        if end - start >= FLUSH_BYTES or len(waiting) == VECTOR:
            append(pack, waiting, start)
            start = end
    append(pack, waiting, start)
    json.dump(rows, sys.stdout)


def key(status: os.stat_result) -> list[int]:
    """Make what must be equal for a file to count as unchanged."""
    return [
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_size,
        status.st_ino,
        status.st_mode,
    ]


def read(path: bytes, flags: int, largest: int) -> tuple[bytes, os.stat_result] | None:
    """Return a file's bytes and status; ``None`` if it is no file or changes meanwhile."""
    try:
        handle = os.open(path, flags)
        try:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode) or before.st_size > largest:
                return None
            data = os.read(handle, before.st_size + 1)
            is_same = len(data) == before.st_size and key(os.fstat(handle)) == key(before)
            return (data, before) if is_same else None
        finally:
            os.close(handle)
    except OSError:
        return None


def append(pack: int, parts: list[bytes], offset: int) -> None:
    """Write the parts one after the other, and forget them."""
    left = [memoryview(part) for part in parts if part]
    parts.clear()
    while left:
        count = os.pwritev(pack, left, offset)
        offset += count
        while left and count >= len(left[0]):
            count -= len(left.pop(0))
        if count:
            left[0] = left[0][count:]


if __name__ == "__main__":
    main()
