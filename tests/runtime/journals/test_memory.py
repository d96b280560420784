"""The journal in memory: what nobody else has to do."""

from __future__ import annotations

from runtime.journals import MemoryJournal
from tests.runtime.journals.examples import letter, row, snapshot


async def test_of_calls_that_are_over_the_latest_are_kept():
    journal = MemoryJournal(kept_calls=2)
    await journal.commit(snapshot("open"), row(1))
    for n in range(4):
        await journal.commit(snapshot(f"CA{n}"), row(1))
        await journal.commit(snapshot(f"CA{n}", 2, "failed" if n % 2 else "completed"), row(2))

    kept = [sid for sid in ("open", "CA0", "CA1", "CA2", "CA3") if await journal.load(sid)]
    assert kept == ["open", "CA2", "CA3"]
    assert list(await journal.history("CA0")) == []


def test_its_name_is_the_setting():
    assert MemoryJournal().name == "memory:"


async def test_a_call_that_somebody_is_still_to_be_told_of_is_kept():
    journal = MemoryJournal(kept_calls=1)
    await journal.commit(snapshot("CA1", status="completed"), row(), [letter("CA1")])
    await journal.commit(snapshot("CA2", status="completed", due=9.0), row())
    for sid in ("CA3", "CA4"):
        await journal.commit(snapshot(sid, status="completed"), row())

    kept = [sid for sid in ("CA1", "CA2", "CA3", "CA4") if await journal.load(sid) is not None]

    assert kept[:2] == ["CA1", "CA2"]
    assert "CA3" not in kept
