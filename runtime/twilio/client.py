"""Twilio's REST API: calls, messages, recordings, phone numbers.

    async with TwilioClient("AC…", auth_token) as twilio:
        call = await twilio.make_call("+441314960123", "+441314960100", url="https://ivr.example.com/office_hours")
        await twilio.update_call(call["sid"], status="completed")
        async for message in twilio.messages(date_sent_after=date(2026, 9, 1)):
            print(message["body"])

Parameters are Twilio's in snake_case (`runtime.twilio.parameters` has them all); what comes back is Twilio's JSON. A
request that was refused is a `TwilioError`; one that nobody knows the outcome of is an `Ambiguous`, and was not sent
twice. `transport` says what is tried again, `lookup` how a lost call is found.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self
from urllib.parse import quote, urlsplit
from weakref import WeakValueDictionary

import structlog

from actors import Clock
from runtime.twilio import lookup, outbound, parameters, recordings
from runtime.twilio.errors import Ambiguous, InvalidRequest, TwilioError
from runtime.twilio.parameters import Pairs, Table, pairs_of
from runtime.twilio.patience import Patience
from runtime.twilio.tokens import PLACE
from runtime.twilio.transport import Transport

log = structlog.get_logger("switchhook.twilio")

VERSION = "2010-04-01"
EDGES = {"us1": "", "ie1": "dublin", "au1": "sydney"}
"""The edge of each region that Twilio processes data in, where none is named; only us1 is reached without.

The hosts without an edge of the others, like api.ie1.twilio.com, are off since 28 April 2026.
(Twilio's documentation: "API domain migration guide".)
"""
REMEMBERED = 1000
"""Calls and messages of this client's own making that are not mistaken for a lost one."""


class TwilioClient:
    """One account's client, on one session, open in `async with`.

    Args:
        account_sid: the account, AC….
        auth_token: its token. Either this,
        api_key: or an API key's SID and secret.
        region: where the data is processed: `us1`, `ie1` or `au1`; another needs its edge, too.
        edge: where the API is reached, like `dublin`; the region's own by default.
        base_url: another place than Twilio's, for a stand-in.
        public_url: where Twilio finds the daemon, for calls that go to its recipes, and messages that these hear of.
        patience: timeouts, tries and pauses.

    Raises:
        InvalidRequest: one of these can't be right.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str = "",
        *,
        api_key: tuple[str, str] | None = None,
        region: str | None = None,
        edge: str | None = None,
        base_url: str | None = None,
        public_url: str = "",
        patience: Patience | None = None,
    ) -> None:
        if not re.fullmatch(r"AC\w+", account_sid, re.ASCII):
            raise InvalidRequest(
                f"account_sid, or one in [accounts], is {account_sid!r}; an account's SID begins with AC"
            )
        if bool(auth_token) == bool(api_key):
            raise InvalidRequest("either an auth_token is needed or an api_key, and not both")
        user, secret = api_key or (account_sid, auth_token)
        if api_key and not (user.startswith("SK") and secret):
            raise InvalidRequest("an api_key is its SID, which begins with SK, and its secret")
        self.account_sid = account_sid
        self.public_url = public_url
        self._account = f"/{VERSION}/Accounts/{account_sid}"
        self._transport = Transport(_base(base_url, region, edge), user, secret, patience or Patience())
        self._made: deque[str] = deque(maxlen=REMEMBERED)
        self._turns: WeakValueDictionary[tuple[object, ...], asyncio.Lock] = WeakValueDictionary()

    def __repr__(self) -> str:
        return f"TwilioClient({self.account_sid!r}, {self._transport.base!r})"

    async def __aenter__(self) -> Self:
        self._transport.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.close()

    async def request(self, method: str, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask anything of the API.

        Args:
            method: GET, POST or DELETE.
            path: from the API's root, as `/2010-04-01/Accounts.json`, or within the account, as `Queues.json`.
            params: by Twilio's own names, as `{"FriendlyName": "…"}`; a list is repeated.

        Returns:
            The JSON of the answer.

        Raises:
            TwilioError: Twilio refused.
            Unreachable: it could not be asked.
            Ambiguous: nobody knows whether it was done.
        """
        at = path if path.startswith("/") else f"{self._account}/{path}"
        if re.match(r"[a-z][a-z0-9+.-]*:|//", path, re.IGNORECASE):
            raise InvalidRequest(f"{path!r} is not a path of the API")
        return await self._transport.request(method.upper(), at, pairs_of(params or {}))

    @property
    def base_url(self) -> str:
        """Where the API is, without a slash at its end."""
        return self._transport.base

    @property
    def clock(self) -> Clock:
        """Where this client's time comes from."""
        return self._transport.patience.clock

    def now(self) -> float:
        """Seconds since the epoch by Twilio's clock, and not later than it is there.

        It is the date of its latest answer and the time since. The date is cut to seconds, and the answer's way isn't
        counted in, so it may be a little earlier. Before the first answer it is this machine's clock.
        """
        return self._transport.now()

    # --- calls -----------------------------------------------------------------------------------

    async def make_call(
        self, to: str, from_: str, *, recipe: str = "", query: Mapping[str, str] | None = None, **params: Any
    ) -> dict[str, Any]:
        """Call somebody: with `recipe`, `url`, `twiml` (a text or verbs) or `application_sid` to say what they hear.

        A `recipe` of the daemon at `public_url` also hears how the call goes, and of its end, even if nobody
        answers; a `query` is among the call's first parameters. The call is queued when this returns. Raises as
        `request` does, but a call whose answer was lost is looked for: `Ambiguous` is raised only if there is not
        exactly one that can be it.
        """
        given = {"to": to, "from_": from_, **params}
        if query and not recipe:
            raise InvalidRequest("a new call: a query is for a recipe; a url has its own")
        if recipe:
            given |= outbound.talk_to(self.public_url, recipe, params, query)
        pairs = parameters.CREATE_CALL.encode(given)
        return await self._create("Calls.json", pairs, lookup.search_for_call(given))

    async def fetch_call(self, call_sid: str) -> dict[str, Any]:
        """A call as it stands."""
        return await self._transport.request("GET", self._call(call_sid), [])

    async def update_call(self, call_sid: str, *, recipe: str = "", state: str = "", **params: Any) -> dict[str, Any]:
        """Change a live call: `recipe`, at a `state` if one is named, `url` or `twiml` to go on with, or `status`
        `completed` or `canceled` to end it.

        A call that a daemon has in hand is better moved by the daemon's `redirect`, which then knows the request of
        the verb that is interrupted for what it is.
        """
        if state and not recipe:
            raise InvalidRequest("a call's update: a state is a recipe's: name the recipe, too")
        if recipe and params.get("url") is None:
            params["url"] = outbound.recipe_url(self.public_url, recipe, state)
        pairs = parameters.UPDATE_CALL.encode(params)
        return await self._transport.request("POST", self._call(call_sid), pairs)

    def calls(self, *, limit: int | None = None, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """The calls that fit, newest first, page after page, `limit` at most."""
        return self._pages("calls", parameters.LIST_CALLS, limit, filters)

    async def find_calls(self, to: str, from_: str, since: float) -> list[dict[str, Any]]:
        """The calls that somebody asked the API for, to one number from another, since a moment by Twilio's clock.

        Its list lags behind by seconds: it is looked into after each of `Patience.look_ups`, until there is any.
        """
        search, patience = lookup.search_for_call({"to": to, "from_": from_}), self._transport.patience
        for pause in patience.look_ups:
            await patience.wait(pause)
            page = await self._transport.request("GET", f"{self._account}/Calls.json", search.filters)
            if found := search.candidates(_page(page, search.name), since - lookup.SLACK, ()):
                return found
        return []

    def _call(self, call_sid: str) -> str:
        return f"{self._account}/Calls/{quote(call_sid, safe='')}.json"

    # --- messages --------------------------------------------------------------------------------

    async def send_sms(self, to: str, body: str | None = None, *, recipe: str = "", **params: Any) -> dict[str, Any]:
        """Send a message, from `from_` or by `messaging_service_sid`. Raises as `make_call` does.

        A `recipe` of the daemon at `public_url` hears what becomes of it, unless a `status_callback` is given.
        """
        given = {"to": to, "body": body, **params}
        if recipe and given.get("status_callback") is None:
            given["status_callback"] = outbound.recipe_url(self.public_url, recipe, "status")
        pairs = parameters.CREATE_MESSAGE.encode(given)
        return await self._create("Messages.json", pairs, lookup.search_for_message(given))

    def messages(self, *, limit: int | None = None, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """The messages that fit, newest first."""
        return self._pages("messages", parameters.LIST_MESSAGES, limit, filters)

    # --- recordings ------------------------------------------------------------------------------

    def recordings(self, *, limit: int | None = None, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """The recordings that fit, newest first."""
        return self._pages("recordings", parameters.LIST_RECORDINGS, limit, filters)

    async def fetch_recording(self, recording: str, *, format: str = "wav", patience: float = 30.0) -> bytes:
        """A recording's sound, waited for until it can be fetched.

        Args:
            recording: its SID, or the `RecordingUrl` of a webhook.
            format: `wav` or `mp3`.
            patience: seconds to wait at most.

        Raises:
            NoRecording: it can't be had, or what was answered is no sound.
            TwilioError: refused, or not to be had.
        """
        return await recordings.fetch(self._transport, recordings.path_of(recording, self._account), format, patience)

    # --- phone numbers ---------------------------------------------------------------------------

    def numbers(self, *, limit: int | None = None, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """The account's own phone numbers that fit, each with where Twilio goes when it is called or texted."""
        return self._pages("incoming_phone_numbers", parameters.LIST_NUMBERS, limit, filters)

    async def update_number(self, number_sid: str, **params: Any) -> dict[str, Any]:
        """Change a phone number; an empty text takes away what was set. What isn't given stays as it is."""
        path = f"{self._account}/IncomingPhoneNumbers/{quote(number_sid, safe='')}.json"
        return await self._transport.request("POST", path, parameters.UPDATE_NUMBER.encode(params))

    # --- lists, and what was lost ----------------------------------------------------------------

    def _pages(
        self, name: str, table: Table, limit: int | None, filters: Mapping[str, Any]
    ) -> AsyncIterator[dict[str, Any]]:
        """What a list holds. The filters are checked at once, the first page is fetched with the first item."""
        if limit is not None and filters.get("page_size") is None:
            filters = {**filters, "page_size": max(1, min(limit, 1000))}
        return self._items(name, table.encode(filters), limit)

    async def _items(self, name: str, pairs: Pairs, limit: int | None) -> AsyncIterator[dict[str, Any]]:
        path, seen, given = f"{self._account}/{parameters.wire_name(name)}.json", set[str](), 0
        while path and path not in seen and (limit is None or given < limit):
            seen.add(path)
            page = await self._transport.request("GET", path, pairs)
            for item in _page(page, name)[name]:
                if given == limit:
                    return
                given += 1
                yield item
            path, pairs = page.get("next_page_uri") or "", []
            if path and not (isinstance(path, str) and path.startswith("/")):
                raise TwilioError(f"the next page of {name} is {path!r}, which is not a path of the API")

    async def _create(self, path: str, pairs: Pairs, search: lookup.Search) -> dict[str, Any]:
        """Make one, and know which it is. Those that would be looked for in one list are made one after the other."""
        at = f"{self._account}/{path}"
        async with self._turns.setdefault((path, *search.filters), asyncio.Lock()):
            began = self.clock.steady()
            try:
                made = await self._transport.request("POST", at, pairs, needs="sid")
            except Ambiguous as unknown:
                made = await self._find(unknown, at, began, search)
            self._made.append(made["sid"])
        return made

    async def _find(self, unknown: Ambiguous, path: str, began: float, search: lookup.Search) -> dict[str, Any]:
        """The one that was made by a request whose answer was lost. Raises `Ambiguous` if none or several can be."""
        patience, since, found = self._transport.patience, 0.0, list[dict[str, Any]]()
        problem = f"{unknown.message}; Twilio doesn't list it (yet)"
        try:
            for pause in patience.look_ups:
                await patience.wait(pause)
                answer = await self._transport.exchange("GET", path, search.filters)
                page = self._transport.checked("GET", path, answer).json()
                since = self.now() - (self.clock.steady() - began) - lookup.SLACK
                found = search.candidates(_page(page, search.name), since, self._made)
                if found:
                    break
        except TwilioError as failed:
            problem = f"{unknown.message}; and it can't be looked up: {failed.message}"
        sids = [str(each.get("sid")) for each in found]
        if len(found) == 1:
            log.warning("twilio_found", request=unknown.what, sid=sids[0])
            return found[0]
        if found:
            problem = f"{unknown.message}; any of these may be it: {', '.join(sids)}"
        raise Ambiguous(problem, what=unknown.what, status=unknown.status, candidates=sids, since=since) from None


def _page(answer: object, name: str) -> dict[str, list[dict[str, Any]]]:
    """The list that a page of it holds. What can't be one of it isn't.

    >>> _page({"calls": [{"sid": "CA1"}, "CA2"]}, "calls"), _page(["calls"], "calls")
    ({'calls': [{'sid': 'CA1'}]}, {'calls': []})
    """
    items = answer.get(name) if isinstance(answer, dict) else None
    return {name: [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []}


def _base(base_url: str | None, region: str | None, edge: str | None) -> str:
    """The URL of the API.

    >>> _base(None, "ie1", None), _base(None, None, "dublin")
    ('https://api.dublin.ie1.twilio.com', 'https://api.dublin.us1.twilio.com')
    """
    if base_url:
        if not _is_base(base_url):
            raise InvalidRequest(
                "base_url, or the setting api_url, must be an http or https URL with a host and port that can be, and "
                "without credentials, query and fragment"
            )
        return base_url.rstrip("/")
    for name, value in (("region", region), ("edge", edge)):
        if value and not PLACE.fullmatch(value):
            raise InvalidRequest(f"{name} is {value!r}; it is a name like {'ie1' if name == 'region' else 'dublin'}")
    if edge and not region:
        region = "us1"
    if region and not edge:
        if region not in EDGES:
            raise InvalidRequest(
                f"region is {region!r}, which has no host without an edge: set edge (TWILIO_EDGE) too, make region "
                f"(TWILIO_REGION) one of {', '.join(EDGES)}, or leave it out for the United States"
            )
        edge = EDGES[region]
    return "https://" + ".".join(filter(None, ("api", edge, region, "twilio.com")))


def _is_base(url: str) -> bool:
    """Whether a URL can be asked, and has nothing that doesn't belong there."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:  # no port, no IPv6 address, or a label that is too long
        return False
    return parts.scheme in ("http", "https") and bool(host) and not (parts.username or parts.query or parts.fragment)
