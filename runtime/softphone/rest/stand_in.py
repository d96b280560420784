"""The stand-in for Twilio: a server on this machine that makes calls when it is told to.

    async with StandIn(account_sid, auth_token, answers=[Answer(), Press("1")]) as twilio:
        client = Client(account_sid, auth_token)            # the official SDK
        client.api.base_url = twilio.url
        ...
        await twilio.idle()
        print(twilio.calls[sid].transcript)

The phone that is called follows `answers`: a script for every call, or a function of the number and the request's
parameters that gives one. `runtime.twilio.TwilioClient` takes `twilio.url` as its `base_url`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from runtime.softphone.call import Call
from runtime.softphone.caller import Act, Caller
from runtime.softphone.outside import Unchangeable
from runtime.softphone.rest import calls, messages, numbers, parameters, recordings
from runtime.softphone.rest.parameters import NOTHING, Params, Table
from runtime.softphone.rest.refusals import Refused, not_found
from runtime.softphone.transcript import Line

Phone = Iterable[Act] | Caller
Answers = Phone | Callable[[str, Mapping[str, str]], Phone]
"""Who is called: what they do, or a function of the number and the request's parameters that says so."""

_PATH = re.compile(
    r"/2010-04-01/Accounts/(?P<account>\w+)(?:/Calls/(?P<call>\w+)(?=/Recordings\b))?"
    r"/(?P<resource>\w+)(?:/(?P<sid>\w+))?(?:\.(?P<format>\w+))?",
    re.ASCII,
)
GRACE = 5.0
"""Seconds that calls have for their ends when the stand-in closes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of an account's, with its parameters as they count, and the call that it is about a part of."""

    account_sid: str
    path: str
    sid: str
    params: Params
    call_sid: str = ""


class Handler(NamedTuple):
    """What a request does, what it takes, and the status of its answer, which without JSON is 204."""

    do: Callable[[StandIn, Asked], dict[str, Any] | None]
    table: Table = NOTHING
    status: int = 200


def _resource(module: Any, *tables: Table) -> dict[tuple[str, bool], Handler]:
    """The handlers of a resource: by method, and whether it is for one of them."""
    create, update, listed = tables
    return {
        ("POST", False): Handler(module.create, create, 201),
        ("GET", False): Handler(module.listed, listed),
        ("GET", True): Handler(module.fetch),
        ("POST", True): Handler(module.update, update),
        ("DELETE", True): Handler(module.delete),
    }


HANDLERS: dict[str, dict[tuple[str, bool], Handler]] = {
    "Calls": _resource(calls, parameters.CREATE_CALL, parameters.UPDATE_CALL, parameters.LIST_CALLS),
    "Messages": _resource(messages, parameters.CREATE_MESSAGE, parameters.UPDATE_MESSAGE, parameters.LIST_MESSAGES),
    "IncomingPhoneNumbers": _resource(
        numbers, parameters.CREATE_NUMBER, parameters.UPDATE_NUMBER, parameters.LIST_NUMBERS
    ),
    "Recordings": {
        ("GET", False): Handler(recordings.listed, parameters.LIST_RECORDINGS),
        ("GET", True): Handler(recordings.fetch),
        ("DELETE", True): Handler(recordings.delete),
    },
}


class StandIn:
    """Twilio's REST API for Calls, Messages, IncomingPhoneNumbers and Recordings, while it is open in `async with`.

    Args:
        account_sid: the account, AC….
        auth_token: its token, which also signs the webhooks.
        answers: what the phone does that is called; it picks up and is silent, by default.
        numbers: the account's phone numbers, or what `IncomingPhoneNumbers` would be told of each: `PhoneNumber`,
            `VoiceUrl`, … and the `AccountSid` of a sub-account. If there are any, nobody calls or texts from another.
        subaccounts: more accounts, by their SIDs, with their tokens. The account's own credentials open them, too.
        api_keys: the account's API keys, by their SIDs, SK…, with their secrets. They open the account alone.
        host: where it listens, and
        port: on which port; a free one, by default.
        lines: how many calls are made at once; those beyond are queued.
        on_line: told each line of each call's transcript.
        wait: awaited with the seconds whenever a call's clock moves.
        now: what time it is.

    Attributes:
        url: where it is.
        calls: the calls that were asked for, by CallSid, each with its transcript.
        messages: the messages, by their SIDs.
        numbers: the phone numbers as they stand, by their SIDs.
        knows_its_numbers: whether they were given.
    """

    def __init__(  # noqa: PLR0913 - an account is described by that much
        self,
        account_sid: str,
        auth_token: str,
        *,
        answers: Answers = (),
        numbers: Iterable[str | Mapping[str, str]] = (),
        subaccounts: Mapping[str, str] | None = None,
        api_keys: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        lines: int = 100,
        on_line: Callable[[Line], None] | None = None,
        wait: Callable[[float], Awaitable[None]] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.account_sid = account_sid
        self.accounts = {account_sid: auth_token, **(subaccounts or {})}
        self.api_keys = dict(api_keys or {})
        self.on_line = on_line
        self.wait = wait
        self.now = now
        self.url = ""
        self.calls: dict[str, Call] = {}
        self.messages: dict[str, messages.Message] = {}
        self.numbers: dict[str, dict[str, Any]] = {}
        self.deleted: set[str] = set()
        self._answers = answers if callable(answers) or isinstance(answers, Caller) else tuple(answers)
        self._address = host, port
        self._lines = asyncio.Semaphore(lines)
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusing = 0
        self._have(numbers)
        self.knows_its_numbers = bool(self.numbers)

    def _have(self, given: Iterable[str | Mapping[str, str]]) -> None:
        for each in given:
            params = {"PhoneNumber": each} if isinstance(each, str) else dict(each)
            account_sid = params.pop("AccountSid", self.account_sid)
            if account_sid not in self.accounts:
                raise ValueError(f"{each!r} is of no account that the stand-in has")
            try:
                number = numbers.new(account_sid, params, self.now())
            except Refused as refused:
                raise ValueError(f"{each!r} is no phone number for the stand-in: {refused.message}") from refused
            self.numbers[number["sid"]] = number

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, *self._address).start()
        except BaseException:
            await self.__aexit__()
            raise
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop. Calls under way are hung up, and their ends are still told."""
        await self._runner.cleanup()
        for call in self.calls.values():
            with contextlib.suppress(Unchangeable):
                call.hang_up()
        for _round in range(2):
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=GRACE)
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.session.close()

    # --- for tests -----------------------------------------------------------------------------

    async def idle(self) -> None:
        """Wait until all calls are over, all messages delivered, and all callbacks sent."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def refuse(self, requests: int = 1) -> None:
        """Refuse the next requests, as Twilio does with too many of them: 429, 20429."""
        self._refusing = requests

    # --- for the resources ---------------------------------------------------------------------

    def phone(self, to: str, params: Mapping[str, str]) -> Phone:
        """Who picks up at this number."""
        if callable(self._answers):
            return self._answers(to, params)
        return self._answers

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done in the background."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def in_turn(self, make: Callable[[], Awaitable[object]]) -> None:
        """Make a call when a line is free."""
        async with self._lines:
            await make()

    # --- HTTP ----------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            return self._answer(request, (await request.read()).decode(errors="replace"))
        except Refused as refused:
            headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refused.status == 401 else None
            return web.json_response(refused.body, status=refused.status, headers=headers)

    def _answer(self, request: web.Request, body: str) -> web.Response:
        """The answer to a request.

        Raises:
            Refused: it is an error.
        """
        path = request.path
        found = _PATH.fullmatch(path)
        if found is None:
            raise not_found(path)
        account_sid, resource, sid, ending = found["account"], found["resource"], found["sid"] or "", found["format"]
        self._authenticate(request.headers.get("Authorization", ""), account_sid)
        if account_sid not in self.accounts:
            raise not_found(path)
        if self._refusing:
            self._refusing -= 1
            raise Refused(20429, "Too Many Requests")
        if (request.method, resource, bool(sid)) == ("GET", "Recordings", True) and ending in recordings.SOUNDS:
            kind, sound = recordings.SOUNDS[ending]
            recordings.fetch(self, Asked(account_sid, path, sid, Params(), found["call"] or ""))
            return web.Response(body=sound(), content_type=kind)
        handlers = HANDLERS.get(resource)
        if handlers is None or ending != "json":
            raise not_found(path)
        handler = handlers.get((request.method, bool(sid)))
        if handler is None:
            raise Refused(20004, f"{request.method} is not allowed here")
        sent = body if request.method == "POST" else request.rel_url.raw_query_string
        params = handler.table.read(parse_qsl(sent, keep_blank_values=True))
        content = handler.do(self, Asked(account_sid, path, sid, params, found["call"] or ""))
        return web.Response(status=204) if content is None else web.json_response(content, status=handler.status)

    def _authenticate(self, authorization: str, account_sid: str) -> None:
        """Only the account itself may ask, by its token or a key, and the one that it belongs to."""
        try:
            pair = b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except ValueError:  # no base64, no ASCII, or no UTF-8 in it
            pair = ""
        user, _, secret = pair.partition(":")
        opened_by = {each: self.accounts.get(each, "") for each in (account_sid, self.account_sid)}
        if account_sid == self.account_sid:
            opened_by |= self.api_keys
        known = opened_by.get(user, "")
        if not known or not hmac.compare_digest(secret.encode(), known.encode()):
            raise Refused(20003, "Authenticate")
