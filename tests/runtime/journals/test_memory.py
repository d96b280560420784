"""The journal in memory: what nobody else has to do."""

from __future__ import annotations

from runtime.journals import MemoryJournal
from tests.runtime.journals.examples import row, snapshot


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
