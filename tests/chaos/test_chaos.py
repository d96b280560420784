"""Hundreds of calls in bad weather, for as long as CI has; `make chaos SECONDS=600` is the same for longer.

What callers do and what goes wrong comes from the seed (see `script` and `weather`), what must be true
in the end is the auditor's (see `auditor`, and that he notices in `test_auditor`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos import auditor
from tests.chaos.weather import ANY, ITS_OWN, forecast

if TYPE_CHECKING:
    from tests.chaos.auditor import Evidence
    from tests.chaos.run import Report


def much_has_happened(evidence: Evidence) -> bool:
    """Whether there was anything to audit."""
    return (
        len(evidence.calls) > 50
        and len(evidence.rows) > 300
        and len(evidence.told) > 100
        and len(evidence.callouts) > 100
        and len({spell.kind for spell in evidence.spells}) > 4
    )


def test_one_daemon_with_a_file_keeps_its_promises(sqlite_run: Report) -> None:
    assert auditor.audit(sqlite_run.evidence) == []
    assert much_has_happened(sqlite_run.evidence)


def test_two_daemons_with_a_database_keep_their_promises(postgres_run: Report) -> None:
    assert auditor.audit(postgres_run.evidence) == []
    assert much_has_happened(postgres_run.evidence)


@pytest.mark.parametrize("journal", ["sqlite", "postgres"])
def test_the_same_seed_has_the_same_weather_and_all_of_it(journal: str) -> None:
    storms = list(forecast(3, 60.0, journal))
    assert storms == list(forecast(3, 60.0, journal)) != list(forecast(4, 60.0, journal))
    assert {storm.kind for storm in storms} == {*ANY, *ITS_OWN[journal]}
