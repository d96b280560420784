"""An application for softphones to call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.cases import Application

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def app() -> AsyncIterator[Application]:
    application = Application()
    await application.serve()
    yield application
    await application.close()
