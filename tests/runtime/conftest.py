"""What tests of the runtime leave behind is put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command configures the logs of its process, which here is the tests'."""
    yield
    structlog.reset_defaults()
