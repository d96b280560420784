"""A journal that lasts as long as the process: for trying things out, and for tests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from actors import Journal, Row, Snapshot, StaleVersion

KEPT_ROWS = 200
"""Rows kept of each call, the latest."""
KEPT_CALLS = 10_000
"""Calls kept after their end, for late recordings and late questions; the oldest go first."""


class MemoryJournal(Journal):
    """Keeps everything in dictionaries. Nothing survives the process."""

    name = "memory:"

    def __init__(self, kept_calls: int = KEPT_CALLS) -> None:
        self._kept_calls = kept_calls
        self._snapshots: dict[str, Snapshot] = {}
        self._rows: dict[str, list[Row]] = {}
        self._over: OrderedDict[str, None] = OrderedDict()

    async def load(self, call_sid: str) -> Snapshot | None:
        """The latest snapshot of a call, or None."""
        return self._snapshots.get(call_sid)

    async def commit(self, snapshot: Snapshot, row: Row) -> None:
        """Write a step. Raises `StaleVersion` unless the version before it is the one that is kept."""
        sid = snapshot.call_sid
        before = self._snapshots.get(sid)
        version = before.version if before is not None else 0
        if snapshot.version != version + 1:
            raise StaleVersion(f"{sid}: step {snapshot.version} doesn't follow step {version}")
        self._snapshots[sid] = snapshot
        rows = self._rows.setdefault(sid, [])
        rows.append(row)
        del rows[:-KEPT_ROWS]
        if snapshot.status != "in-progress":
            self._over[sid] = None
            self._prune()

    async def history(self, call_sid: str) -> Sequence[Row]:
        """The latest rows of a call, the oldest first."""
        return tuple(self._rows.get(call_sid, ()))

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _prune(self) -> None:
        while len(self._over) > self._kept_calls:
            sid, _ = self._over.popitem(last=False)
            del self._snapshots[sid], self._rows[sid]
