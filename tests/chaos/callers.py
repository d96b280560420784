"""Hundreds of callers, and Twilio between them and the daemons, at its worst.

A call is a softphone's. Its line is not a plain HTTP client, but one that behaves as Twilio does when
something is wrong: a webhook whose connection breaks is sent again with the same token until it is answered.
It also sends webhooks twice and late, gives up and comes back, and puts in what nobody has asked for. Every
answer that was ever heard is noted.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
import uuid
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from runtime.softphone import SAME, Call
from tests.chaos import script
from tests.wire import FORM, TOKEN, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runtime.softphone import Transcript

TOKEN_HEADER = "I-Twilio-Idempotency-Token"
TWILIOS_PATIENCE = 14.5
"""Seconds until a webhook is given up. Twilio waits fifteen, and so does the softphone."""
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.3)
"""Seconds from a try to the next; the last again and again."""
LATE = 8
"""Webhooks of a call after which one is not repeated any more: Twilio repeats soon, and a call remembers twenty."""
LONGEST = 90.0
"""Seconds that a call may take, come what may."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: to what, and when."""

    call_sid: str
    target: str
    params: Mapping[str, str]
    token: str
    """Empty where there was none."""
    sent: float
    at: float
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """A webhook that was given up."""

    call_sid: str
    target: str
    sent: float
    at: float


@dataclass(slots=True)
class Notes:
    """Everything that was heard."""

    heard: list[Heard] = field(default_factory=list)
    unanswered: list[Unheard] = field(default_factory=list)
    broken: int = 0
    """Tries whose connection broke."""
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    calls: int = 0


class Unanswered(aiohttp.ClientError):
    """A webhook was given up."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it is sent, each time."""

    url: str
    body: str
    headers: Mapping[str, str]

    @property
    def target(self) -> str:
        """Its path and query."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def bare(self) -> Webhook:
        """The same without a token."""
        return Webhook(self.url, self.body, {k: v for k, v in self.headers.items() if k != TOKEN_HEADER})


class Line:
    """What a softphone has for aiohttp's session: one call's, with its mishaps."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, plan: script.Plan, notes: Notes) -> None:
        self._session = session
        self._origin = origin
        self._plan = plan
        self._notes = notes
        self._dice = plan.dice
        self._count = 0
        self._beside: list[asyncio.Task[Any]] = []
        self._before: list[Webhook] = []
        """What the softphone has sent, the latest last."""

    def request(self, method: str, to: URL, *, data: Any, headers: Mapping[str, str], **_: Any) -> _Exchange:
        """One webhook of the softphone's."""
        assert method == "POST", "every webhook here is"
        return _Exchange(self, Webhook(str(to), (data or b"").decode(), headers))

    async def take(self, webhook: Webhook) -> Heard:
        """Send a webhook in the manner that chance has it; gives the first answer."""
        self._before.append(webhook)
        for what in (what for number, what in self._plan.rude if number == len(self._before)):
            self._besides(self.rude(script.RUDE[what]))
        match script.manner(self._dice):
            case "twin":
                return await self._at_once(webhook, 2)
            case "triplet":
                return await self._at_once(webhook, 3)
            case "late":
                heard = await self.send(webhook)
                self._besides(self._again(webhook, self._dice.uniform(0.0, 1.5), self._count))
                return heard
            case "impatient":
                await self._give_up(webhook, self._dice.uniform(0.0, 0.02))
            case "bare":
                webhook = webhook.bare()
            case "bare twin":
                return await self._at_once(webhook.bare(), 2)
        return await self.send(webhook)

    async def send(self, webhook: Webhook) -> Heard:
        """Send a webhook until it is answered. Raises `Unanswered` in the end."""
        self._count += 1
        began, over = time.time(), time.monotonic() + TWILIOS_PATIENCE
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            try:
                heard = await self._try(webhook, over - time.monotonic())
            except (aiohttp.ClientError, OSError, TimeoutError):
                self._notes.broken += 1
            else:
                if heard.status < 500:
                    return heard
            if time.monotonic() + pause > over:
                break
            await asyncio.sleep(pause)
        self._notes.unanswered.append(Unheard(self._plan.call_sid, webhook.target, began, time.time()))
        raise Unanswered(webhook.target)

    async def hang_up(self) -> None:
        """The call is over: wait for what is under way beside it."""
        await asyncio.gather(*self._beside, return_exceptions=True)

    async def early(self) -> None:
        """A callback comes before the call does."""
        await self._post(f"/{self._plan.recipe}/status", {"CallStatus": "initiated"})

    async def rude(self, posts: Iterable[tuple[str, Mapping[str, str]]]) -> None:
        """Something that nobody has asked for: see `script.RUDE`."""
        places = {
            "recipe": self._plan.recipe,
            "latest": self._before[-1].target,
            "older": self._dice.choice(self._before).target,
            "sid": f"RE{self._dice.getrandbits(128):032x}",
        }

        def filled(fields: Mapping[str, str]) -> dict[str, str]:
            return {name: value.format(**places) for name, value in fields.items()}

        await asyncio.gather(*(self._post(target.format(**places), filled(fields)) for target, fields in posts))

    async def _post(self, target: str, more: Mapping[str, str]) -> Heard:
        """A webhook of this call that the softphone knows nothing of, signed by Twilio's own SDK."""
        whose = {"CallSid": self._plan.call_sid, "From": self._plan.number, "To": "+441314960456"}
        fields = {**whose, "CallStatus": "in-progress", "Direction": "inbound", **more}
        url, token = self._origin + target, str(uuid.UUID(int=self._dice.getrandbits(128)))
        headers = {"Content-Type": FORM, TOKEN_HEADER: token, **signed(url, fields.items())}
        return await self.send(Webhook(url, urlencode(fields), headers))

    async def _try(self, webhook: Webhook, seconds: float) -> Heard:
        sent = time.time()
        timeout = aiohttp.ClientTimeout(total=max(seconds, 0.01))
        async with self._session.post(
            URL(webhook.url, encoded=True), data=webhook.body, headers=webhook.headers, timeout=timeout
        ) as response:
            text = await response.text()
        params = dict(parse_qsl(webhook.body, keep_blank_values=True))
        token = webhook.headers.get(TOKEN_HEADER, "")
        heard = Heard(self._plan.call_sid, webhook.target, params, token, sent, time.time(), response.status, text)
        self._notes.heard.append(heard)
        return heard

    async def _at_once(self, webhook: Webhook, copies: int) -> Heard:
        first, *_ = await asyncio.gather(*(self.send(webhook) for _ in range(copies)))
        return first

    async def _again(self, webhook: Webhook, seconds: float, count: int) -> None:
        await asyncio.sleep(seconds)
        if self._count - count < LATE:
            await self.send(webhook)

    async def _give_up(self, webhook: Webhook, seconds: float) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):  # as it should be
            await self._try(webhook, seconds)

    def _besides(self, work: Any) -> None:
        self._beside.append(asyncio.get_running_loop().create_task(work))


class _Exchange:
    """What aiohttp's `request` gives, as far as a softphone uses it."""

    def __init__(self, line: Line, webhook: Webhook) -> None:
        self._line = line
        self._webhook = webhook

    async def __aenter__(self) -> Self:
        heard = await self._line.take(self._webhook)
        self.status = heard.status
        self.headers = CIMultiDict({"Content-Type": "text/xml; charset=utf-8"})
        self.cookies: SimpleCookie = SimpleCookie()
        self._octets = heard.text.encode()
        return self

    async def __aexit__(self, *_: object) -> None:
        """There is nothing to give back."""

    @property
    def content(self) -> _Exchange:
        return self

    async def iter_any(self) -> Any:
        yield self._octets


class Callers:
    """Make calls, so many at a time, as long as they are wanted.

    Args:
        origin: where the daemons are, as Twilio knows them.
        seed: what decides the calls.
        at_a_time: how many callers there are.
    """

    def __init__(self, origin: str, seed: int, at_a_time: int) -> None:
        self.notes = Notes()
        self._origin = origin
        self._plans: Iterator[script.Plan] = script.calls(seed)
        self._at_a_time = at_a_time

    async def call(self, seconds: float) -> None:
        """Call for so many seconds, and finish the calls that were begun."""
        over = time.monotonic() + seconds
        # Each webhook has a connection of its own, so that each may come to another daemon.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
            asyncio.TaskGroup() as group,
        ):
            for n in range(self._at_a_time):
                group.create_task(self._one_after_the_other(session, n * 0.05, over))

    async def _one_after_the_other(self, session: aiohttp.ClientSession, wait: float, over: float) -> None:
        await asyncio.sleep(wait)
        while time.monotonic() < over:
            await self._make(session, next(self._plans))

    async def _make(self, session: aiohttp.ClientSession, plan: script.Plan) -> None:
        self.notes.calls += 1
        line = Line(session, self._origin, plan, self.notes)

        async def wait(seconds: float) -> None:
            await asyncio.sleep(min(seconds, 10.0) * plan.pace)

        phone = Call(
            f"{self._origin}/{plan.recipe}",
            auth_token=TOKEN,
            from_=plan.number,
            to="+441314960456",
            script=plan.acts,
            status_callback=SAME if plan.told else None,
            call_sid=plan.call_sid,
            session=line,  # type: ignore[arg-type]  # as far as a softphone uses one
            max_documents=40,
            wait=wait,
        )
        self.notes.transcripts[plan.call_sid] = phone.transcript
        try:
            async with asyncio.timeout(LONGEST):
                if plan.early:
                    await line.early()
                await phone.run()
                for what in plan.afterwards:
                    await line.rude(script.AFTERWARDS[what])
        except Unanswered:
            pass  # it is noted
        finally:
            await line.hang_up()
