"""A stand-in for Twilio, an application for it to call, and a client that sends what a test tells it to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from runtime.softphone import StandIn
from tests.runtime.softphone.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from runtime.softphone import Act

ACCOUNT = "AC" + "1" * 32
SUB, SUB_TOKEN = "AC" + "2" * 32, "another-token"
TO, FROM = "+441314960123", "+441314960100"
NOWHERE = "CA" + "9" * 32


class Clock:
    """Says the time, which stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.time = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def after(self, **passed: float) -> None:
        self.time += timedelta(**passed)


@dataclass(frozen=True)
class Answered:
    """What the stand-in answered."""

    status: int
    text: str
    headers: Any

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def code(self) -> int | None:
        return self.json.get("code")


class Rest:
    """Sends requests as an account's client does."""

    def __init__(self, twilio: StandIn, session: aiohttp.ClientSession) -> None:
        self.twilio = twilio
        self._session = session

    async def __call__(
        self,
        method: str,
        path: str,
        *pairs: tuple[str, str],
        account: str = ACCOUNT,
        auth: tuple[str, str] | None = (ACCOUNT, TOKEN),
        **params: str,
    ) -> Answered:
        """A request within the account, or for a path that begins with a slash."""
        url = self.twilio.url + (path if path.startswith("/") else f"/2010-04-01/Accounts/{account}/{path}")
        sent = [*params.items(), *pairs]
        headers = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        where = {"data": aiohttp.FormData(sent)} if method == "POST" else {"params": sent} if sent else {}
        async with self._session.request(method, url, headers=headers, **where) as response:
            return Answered(response.status, await response.text(errors="replace"), response.headers)

    async def call(self, *pairs: tuple[str, str], **params: str) -> str:
        """A new call's SID."""
        made = await self("POST", "Calls.json", *pairs, **{"To": TO, "From": FROM} | params)
        assert made.status == 201, made.text
        return made.json["sid"]

    async def listed(self, path: str, *pairs: tuple[str, str], **params: str) -> list[dict[str, Any]]:
        """What a list's first page holds."""
        page = await self("GET", f"{path}.json", *pairs, **params)
        assert page.status == 200, page.text
        [items] = [value for value in page.json.values() if isinstance(value, list)]
        return items


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def options() -> dict[str, Any]:
    """What the stand-in is made with; a test's own fixture may say more."""
    return {}


@pytest.fixture
async def twilio(clock, options) -> AsyncIterator[StandIn]:
    async with StandIn(ACCOUNT, TOKEN, **{"subaccounts": {SUB: SUB_TOKEN}, "now": clock} | options) as stand_in:
        yield stand_in


@pytest.fixture
async def rest(twilio) -> AsyncIterator[Rest]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield Rest(twilio, session)


class Phones(dict[str, Sequence]):
    """What the phone of each number does; one that isn't here picks up and is silent. Keeps what it was asked of."""

    def __init__(self) -> None:
        self.asked_of: list[tuple[str, Mapping[str, str]]] = []

    def __call__(self, to: str, params: Mapping[str, str]) -> Sequence[Act]:
        self.asked_of.append((to, params))
        return self.get(to, ())


@pytest.fixture
def phones() -> Phones:
    return Phones()
