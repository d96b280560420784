"""One HTTP exchange with Twilio, and when it may be tried again.

| what happened | a GET | anything else |
|---|---|---|
| no connection: it wasn't sent | again | again |
| 429: it wasn't processed | again | again |
| sent, then silence, or half an answer | again | `Ambiguous` |
| 5xx, 408 | again | `Ambiguous` |
| any other answer | that is it | that is it |

"Again" is at most `Patience.tries` times in all, with a pause before each that doubles and is partly chance, and
never shorter than the `Retry-After` of the answer. What is ambiguous is never sent twice: there is no key by which
Twilio would know a repeated call or message from another one.
(Twilio's documentation: "REST API best practices".)
"""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
import structlog
from yarl import URL

from runtime.twilio.errors import Ambiguous, TwilioError, Unreachable
from runtime.twilio.parameters import Pairs
from runtime.twilio.patience import Patience, seconds_of

log = structlog.get_logger("switchhook.twilio")

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
REDIRECTS = 5
HEADERS = {
    "User-Agent": f"switchhook/{version('switchhook')}",
    "Accept": "application/json",
    "Accept-Charset": "utf-8",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Twilio answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def why(self) -> str:
        """What it says, where it is no good one."""
        return f"it answered {self.status}"

    @property
    def unsure(self) -> bool:
        """Whether the request may have been carried out or not."""
        return self.status >= 500 or self.status == 408

    @property
    def location(self) -> str:
        """Where it redirects to; empty if it doesn't."""
        return self.headers.get("Location", "") if 300 <= self.status < 400 else ""

    def json(self) -> Any:
        """Its JSON; None if it has none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer, and why. It is data, so that nothing of aiohttp's errors, which may hold headers, goes on with it."""

    why: str
    unsure: bool
    """Whether the request may have been sent."""


_SILENT: Mapping[type[Exception], tuple[str, bool]] = {
    aiohttp.ConnectionTimeoutError: ("no connection was made in time", False),
    TimeoutError: ("no answer came in time", True),
    aiohttp.ClientConnectorError: ("it can't be reached: {}", False),
    aiohttp.InvalidURL: ("it can't be reached: {}", False),
    aiohttp.ClientResponseError: ("its answer broke off, or isn't HTTP", True),
    aiohttp.ClientPayloadError: ("its answer broke off, or isn't HTTP", True),
    aiohttp.ClientError: ("the connection was lost", True),
    OSError: ("the connection was lost", True),
    ValueError: ("it has a URL that is none: {}", True),
}
"""What there is instead of an answer, and whether the request may have been sent. The first that fits counts."""


class Transport:
    """Sends requests to one base URL with one account's credentials. Its repr and its errors don't show them.

    Args:
        base: the REST API's URL, without a slash at its end.
        user: the AccountSid, or the API key's SID.
        secret: the auth token, or the API key's secret.
        patience: how long it waits.
    """

    def __init__(self, base: str, user: str, secret: str, patience: Patience) -> None:
        self.base = base
        self.patience = patience
        self._dated: tuple[float, float] | None = None
        """The latest answer's date, and when it came by the steady clock."""
        self._secret = secret
        self._authorization = f"Basic {b64encode(f'{user}:{secret}'.encode()).decode()}"
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the session that all requests share."""
        timeout = aiohttp.ClientTimeout(total=self.patience.answer, connect=self.patience.connect)
        self._session = aiohttp.ClientSession(
            headers=HEADERS, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
        )

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(self, method: str, path: str, pairs: Pairs, *, needs: str = "") -> dict[str, Any]:
        """The JSON that a request is answered with; empty for an answer without a body.

        One without what it `needs` to have is no answer.

        Raises:
            TwilioError: refused; as `Unreachable` not to be had, as `Ambiguous` nobody knows.
        """
        answer = await self.exchange(method, path, pairs)
        if answer.status == 204 and not needs:
            return {}
        body = self.checked(method, path, answer).json()
        if isinstance(body, dict) and (not needs or _is_told(body.get(needs))):
            return body
        missing = f"JSON without its {needs}" if isinstance(body, dict) else "something that is not JSON"
        problem = f"{_named(method, path)} was answered with {answer.status} and {missing}"
        if method == "GET":
            raise TwilioError(problem, status=answer.status)
        raise Ambiguous(problem, what=_named(method, path), status=answer.status)

    def checked(self, method: str, path: str, answer: Answer) -> Answer:
        """The answer, if it is a good one.

        Raises:
            TwilioError: it is an error.
        """
        if 200 <= answer.status < 300:
            return answer
        body = Answer(answer.status, {}, answer.body.replace(self._secret.encode(), b"(hidden)")).json()
        raise TwilioError.of(answer.status, body, _named(method, path))

    async def exchange(self, method: str, path: str, pairs: Pairs, accept: str = "application/json") -> Answer:
        """Send a request until there is an answer that stands, whatever it says.

        Raises:
            Unreachable: there was none, and nothing was changed.
            Ambiguous: it may have been carried out.
        """
        what = _named(method, path)
        for tried in itertools.count(1):
            outcome = await self._send(method, self.base + path, pairs, accept)
            if outcome.unsure and method != "GET":
                problem = f"{what}: {outcome.why}; it may have been carried out or not, and is not repeated"
                raise Ambiguous(problem, what=what, status=getattr(outcome, "status", 0))
            asked = 0.0
            if isinstance(outcome, Answer):
                self._note(outcome.headers.get("Date", ""))
                asked = self.patience.retry_after(outcome.headers.get("Retry-After", ""))
                tired = tried == self.patience.tries or asked > self.patience.longest
                if tired or not (outcome.unsure or outcome.status == 429):
                    return outcome
            elif tried == self.patience.tries:
                raise Unreachable(f"{what}: {outcome.why}")
            seconds = self.patience.before_try(tried, asked)
            log.warning("twilio_again", request=what, reason=outcome.why, seconds=round(seconds, 1))
            await self.patience.wait(seconds)
        raise AssertionError("unreachable")  # pragma: no cover

    def now(self) -> float:
        """What time it is at the other end: the latest answer's date, and the seconds since it came.

        Before there is any it is this machine's clock. The seconds are those of the steady clock, so setting this
        machine's changes nothing.
        """
        if self._dated is None:
            return self.patience.clock.now()
        date, came = self._dated
        return date + self.patience.clock.steady() - came

    def _note(self, date: str) -> None:
        """Know what time it was at the other end."""
        theirs = seconds_of(date)
        if theirs is not None:
            self._dated = theirs, self.patience.clock.steady()

    async def _send(self, method: str, url: str, pairs: Pairs, accept: str) -> Answer | Silence:
        """One try. A GET follows redirects, and takes its credentials nowhere but to Twilio."""
        query = urlencode(pairs)
        body = query.encode() if method in {"POST", "PUT"} else None
        if body is None and query:
            url += ("&" if "?" in url else "?") + query
        headers = {"Authorization": self._authorization, "Accept": accept}
        if body is not None:
            headers["Content-Type"] = FORM
        for _ in range(REDIRECTS + 1):
            outcome = await self._once(method, url, body, headers)
            if method != "GET" or isinstance(outcome, Silence) or not outcome.location:
                return outcome
            try:
                before, url = urlsplit(url), urljoin(url, outcome.location)
                after = urlsplit(url)
            except ValueError:
                return Silence("it redirects to what is no URL", unsure=False)
            if before.scheme == "https" != after.scheme:
                return Silence("it redirects to a place without TLS", unsure=False)
            if (before.scheme, before.netloc) != (after.scheme, after.netloc):
                headers.pop("Authorization", None)
        return Silence(f"more than {REDIRECTS} redirects", unsure=False)

    async def _once(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer | Silence:
        if self._session is None:
            raise RuntimeError("the client is not open: use it in `async with`")
        try:
            async with self._session.request(
                method, URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
            ) as response:
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            why, unsure = next(known for kind, known in _SILENT.items() if isinstance(problem, kind))
            return Silence(why.format(problem), unsure)


def _is_told(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _named(method: str, path: str) -> str:
    """A request in a log or an error: without its query, which holds phone numbers."""
    return f"{method} {path.partition('?')[0]}"
