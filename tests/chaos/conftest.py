"""The run whose evidence is audited, and then doctored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.chaos.run import run

if TYPE_CHECKING:
    from tests.chaos.run import Report

SECONDS, SEED, MAX_CALL_HOURS = 11.0, 47, 0.0025
"""What CI has time for."""


def chaos(factory: pytest.TempPathFactory, journal: str) -> Report:
    """A run of CI's size."""
    report = asyncio.run(run(factory.mktemp("chaos"), journal, SECONDS, SEED, MAX_CALL_HOURS))
    print(report.summary)
    return report


@pytest.fixture(scope="session")
def sqlite_run(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return chaos(tmp_path_factory, "sqlite")


@pytest.fixture(scope="session")
def postgres_run(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return chaos(tmp_path_factory, "postgres")
