"""A journal that lasts as long as the process: for trying things out, and for tests."""

from __future__ import annotations

import heapq
from bisect import insort
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from actors import KEPT_ROWS, Journal, Letter, Open, Row, Snapshot, StaleVersion

KEPT_CALLS = 10_000
"""Calls kept after their end, for late recordings and late questions; the oldest go first."""


class MemoryJournal(Journal):
    """Keeps everything in dictionaries. Nothing survives the process."""

    name = "memory:"
    shared = False
    alone = True

    def __init__(self, kept_calls: int = KEPT_CALLS) -> None:
        self._kept_calls = kept_calls
        self._snapshots: dict[str, Snapshot] = {}
        self._rows: dict[str, list[Row]] = {}
        self._over: OrderedDict[str, float] = OrderedDict()
        """When each call was last heard of that is over."""
        self._due: list[tuple[float, str]] = []
        """When to look at which call: a heap, of which what isn't true any more is left out."""
        self._claims: dict[str, tuple[str, float]] = {}
        self._letters: dict[str, list[Letter]] = {}
        """The letters that are to be delivered, by call, each in order."""
        self._dead: list[Letter] = []

    async def load(self, call_sid: str) -> Snapshot | None:
        return self._snapshots.get(call_sid)

    async def history(self, call_sid: str, most: int = KEPT_ROWS) -> Sequence[Row]:
        return tuple(self._rows.get(call_sid, ())[-most:])

    async def commit(self, snapshot: Snapshot, row: Row, letters: Sequence[Letter] = (), *, claimant: str = "") -> None:
        sid = snapshot.call_sid
        self._follows(sid, snapshot.version - 1)
        before = self._snapshots.get(sid)
        self._snapshots[sid] = snapshot
        rows = self._rows.setdefault(sid, [])
        rows.append(row)
        del rows[:-KEPT_ROWS]
        if snapshot.due is not None and (before is None or before.due != snapshot.due):
            heapq.heappush(self._due, (snapshot.due, sid))
        for letter in letters:
            self._put(letter)
        if claimant and self._claims.get(sid, ("", 0.0))[0] == claimant:
            del self._claims[sid]
        if snapshot.status != "in-progress":
            self._over[sid] = row.at
            self._over.move_to_end(sid)
            self._prune()

    async def claim(self, call_sid: str, version: int | None, claimant: str, now: float, until: float) -> bool:
        if version is not None:
            self._follows(call_sid, version)
        holder, ends = self._claims.get(call_sid, (claimant, 0.0))
        if holder != claimant and ends > now:
            return False
        self._claims[call_sid] = claimant, until
        return True

    async def overdue(self, by: float, most: int) -> Sequence[Open]:
        found: dict[str, tuple[float, str]] = {}
        while self._due and self._due[0][0] <= by and len(found) < most:
            due, sid = heapq.heappop(self._due)
            kept = self._snapshots.get(sid)
            if kept is not None and kept.due == due:
                found[sid] = due, sid
        for entry in found.values():
            heapq.heappush(self._due, entry)
        return [_open(self._snapshots[sid]) for sid in found]

    async def in_progress(self, after: str, most: int) -> Sequence[Open]:
        calls = (each for each in self._snapshots.values() if each.status == "in-progress" and each.call_sid > after)
        return [_open(each) for each in heapq.nsmallest(most, calls, key=lambda each: each.call_sid)]

    async def ended(self, since: float, most: int) -> Sequence[str]:
        return [sid for sid, at in sorted(self._over.items(), key=lambda each: each[1]) if at >= since][:most]

    async def due_letters(self, now: float, most: int) -> Sequence[str]:
        first = ((each[0].due or 0.0, sid) for sid, each in self._letters.items())
        return [sid for due, sid in heapq.nsmallest(most, first) if due <= now]

    async def take_letter(self, call_sid: str, now: float, until: float) -> Letter | None:
        letters = self._letters.get(call_sid)
        if not letters or (letters[0].due or 0.0) > now:
            return None
        letters[0] = letters[0]._replace(due=until, tries=letters[0].tries + 1)
        return letters[0]

    async def strike(self, letter: Letter) -> None:
        self._remove(letter)

    async def postpone(self, letter: Letter) -> None:
        """Write down a letter's `due`, `tries` and `reason`; one that was struck meanwhile stays so."""
        if any(_place(each) == _place(letter) for each in self._letters.get(letter.call_sid, ())):
            self._remove(letter)
            self._put(letter)

    async def dead_letters(self, most: int) -> Sequence[Letter]:
        return sorted(self._dead, key=lambda each: each.at, reverse=True)[:most]

    async def count_dead(self) -> int:
        return len(self._dead)

    async def revive(self, letters: Sequence[Letter], now: float) -> int:
        found = list(self._bury(letters))
        for letter in found:
            self._put(letter._replace(due=now, tries=0))
        return len(found)

    async def drop(self, letters: Sequence[Letter]) -> int:
        return len(list(self._bury(letters)))

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _follows(self, sid: str, version: int) -> None:
        """Raise `StaleVersion` unless this version is the one that is kept, 0 if none is."""
        before = self._snapshots.get(sid)
        kept = before.version if before is not None else 0
        if version != kept:
            raise StaleVersion(f"{sid}: step {version + 1} doesn't follow step {kept}")

    def _put(self, letter: Letter) -> None:
        if letter.due is None:
            self._dead.append(letter)
        else:
            insort(self._letters.setdefault(letter.call_sid, []), letter, key=_place)

    def _remove(self, letter: Letter) -> None:
        sid = letter.call_sid
        left = [each for each in self._letters.get(sid, ()) if _place(each) != _place(letter)]
        if left:
            self._letters[sid] = left
        else:
            self._letters.pop(sid, None)

    def _bury(self, letters: Sequence[Letter]) -> Iterator[Letter]:
        """Take letters from among the dead."""
        wanted = {(each.call_sid, *_place(each)) for each in letters}
        for letter in list(self._dead):
            if (letter.call_sid, *_place(letter)) in wanted:
                self._dead.remove(letter)
                yield letter

    def _prune(self) -> None:
        for _ in range(len(self._over) - self._kept_calls):
            sid, at = self._over.popitem(last=False)
            if sid in self._letters or self._snapshots[sid].due is not None:
                self._over[sid] = at  # something more is expected of it
                continue
            del self._snapshots[sid], self._rows[sid]
            self._claims.pop(sid, None)
            self._dead = [each for each in self._dead if each.call_sid != sid]


def _place(letter: Letter) -> tuple[int, int]:
    return letter.version, letter.number


def _open(kept: Snapshot) -> Open:
    first, state = kept.initial_params, str(kept.machine.get("state", ""))
    return Open(kept.call_sid, kept.recipe, kept.started, first.get("From", ""), first.get("To", ""), state)
