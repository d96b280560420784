"""Twilio's HTTP client: signs, posts, retries, follows redirects, gives up after 15 seconds.

One `Wire` serves one call. A URL may carry Twilio's connection overrides in its fragment, which is neither sent nor
signed: `https://h/voice#tt=2000&rc=0` waits two seconds and doesn't retry. Credentials in a URL are sent when the
server asks for them. Cookies come back within the call.
(Twilio's documentation: "Webhooks connection overrides", "Security".)
"""

from __future__ import annotations

import asyncio
import string
import time
import uuid
from base64 import b64encode
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from runtime import signature
from runtime.softphone.document import Fault, Reply
from runtime.softphone.fields import encode
from runtime.softphone.transcript import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

BODY_LIMIT = 64 * 1024
REDIRECTS = 10
HEADERS = {
    "User-Agent": "TwilioProxy/1.1",
    "Accept": "*/*",
    "Accept-Encoding": "gzip",
    "X-Home-Region": "us1",
}

_FAULTS: tuple[tuple[type[Exception], tuple[int, str, str]], ...] = (
    (aiohttp.ClientConnectorDNSError, (11210, "ct", "no such host")),
    (aiohttp.ClientConnectorCertificateError, (11237, "ct", "its certificate isn't trusted")),
    (aiohttp.ClientSSLError, (11220, "ct", "TLS failed")),
    (aiohttp.ConnectionTimeoutError, (11205, "ct", "connecting took too long")),
    (aiohttp.ClientConnectorError, (11205, "ct", "can't connect")),
    (aiohttp.ServerTimeoutError, (11200, "rt", "it stopped answering")),
    (aiohttp.InvalidURL, (11100, "", "not a URL")),
    (aiohttp.ClientResponseError, (11206, "", "its answer isn't HTTP")),
    (aiohttp.ClientPayloadError, (11206, "", "its answer broke off")),
    (aiohttp.ClientError, (11200, "", "the connection was lost")),
    (OSError, (11200, "", "the connection was lost")),
    (ValueError, (11100, "", "not a URL")),
)
"""What aiohttp says -> Twilio's code, the retry policy that covers it, what it means. The first that fits."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """How patient a webhook is, in milliseconds; Twilio's defaults, unless the URL's fragment says otherwise."""

    ct: int = 5000
    rt: int = 15000
    tt: int = 15000
    rc: int = 1
    rp: str = "ct"

    @classmethod
    def of(cls, fragment: str) -> Self:
        """Those in a URL's fragment.

        Raises:
            Fault: 11240, a value is out of its range.
        """
        given = dict(parse_qsl(fragment))
        numbers: dict[str, int] = {}
        for name, low, high in (("ct", 100, 10_000), ("rt", 100, 15_000), ("tt", 100, 15_000), ("rc", 0, 5)):
            if name in given:
                value = given[name]
                if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
                    raise Fault(11240, f"#{name}={value}: {name} is from {low} to {high}")
                numbers[name] = int(value)
        return cls(**numbers, rp=given.get("rp", "ct"))

    def retry_after(self, what: str) -> bool:
        """Whether to try again after `ct`, `rt`, `4xx` or `5xx`; never after anything else."""
        return what in {"ct", "rt", "4xx", "5xx"} and not {what, "all"}.isdisjoint(self.rp.split(","))


class Wire:
    """One call's HTTP client.

    Args:
        session: what connects.
        token: the account's auth token.
        requests: where each request is written down, as it is sent.
        elsewhere: origins whose requests go to another one, and are signed as if they didn't.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        token: str,
        requests: list[Request],
        elsewhere: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._session = session
        self._token = token
        self._requests = requests
        self._elsewhere = elsewhere
        self._cookies = aiohttp.CookieJar(unsafe=True)

    async def exchange(
        self, purpose: str, url: str, method: str, standard: Mapping[str, str], extra: Mapping[str, str]
    ) -> Reply:
        """Send one webhook and return what was answered in the end.

        A redirect is followed without the verb's own fields (`extra`), as Twilio does it: with the same method after
        307 and 308, with GET after the others.

        Raises:
            Fault: no answer, or too long a one. A 4xx or 5xx is an answer.
        """
        url = resolve(url, "")
        overrides = Overrides.of(urlsplit(url).fragment)
        token = str(uuid.uuid4())
        fields = {**standard, **extra}
        try:
            async with asyncio.timeout(overrides.tt / 1000):
                for _ in range(REDIRECTS + 1):
                    request = Request(purpose, method, bare_url(url), fields)
                    self._requests.append(request)
                    reply, location = await self._attempts(request, url, overrides, token)
                    if not location:
                        return reply
                    url = resolve(url, location)
                    method = method if reply.status in {307, 308} else "GET"
                    fields = dict(standard)
        except TimeoutError:
            raise Fault(11200, f"{bare_url(url)} didn't answer within {overrides.tt / 1000:g} s") from None
        raise Fault(11215, f"{bare_url(url)}: more than {REDIRECTS} redirects")

    async def _attempts(self, request: Request, url: str, overrides: Overrides, token: str) -> tuple[Reply, str]:
        bare = request.url
        form: dict[str, str] = {}
        headers = HEADERS | {"I-Twilio-Idempotency-Token": token}
        if request.method == "GET":
            request.url = f"{bare}{'&' if '?' in bare else '?'}{encode(request.params)}"
        else:
            form = request.params
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        headers[signature.HEADER] = signature.sign(request.url, form.items(), self._token)
        began = time.perf_counter()
        try:
            for left in range(overrides.rc, -1, -1):
                try:
                    reply, location = await self._send(request, url, encode(form).encode(), headers, overrides)
                except Fault as fault:
                    if not left or not overrides.retry_after(fault.retry):
                        raise
                else:
                    if not left or not overrides.retry_after(f"{reply.status // 100}xx"):
                        break
            return replace(reply, url=bare), location
        finally:
            request.took = time.perf_counter() - began

    async def _send(
        self, request: Request, url: str, body: bytes, headers: dict[str, str], overrides: Overrides
    ) -> tuple[Reply, str]:
        timeout = aiohttp.ClientTimeout(None, sock_connect=overrides.ct / 1000, sock_read=overrides.rt / 1000)
        try:
            to = URL(self._reached(request.url), encoded=True)
            cookies = {name: morsel.value for name, morsel in self._cookies.filter_cookies(to).items()}
            async with self._session.request(
                request.method,
                to,
                data=body or None,
                headers=headers,
                cookies=cookies,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                self._cookies.update_cookies(response.cookies, to)
                request.status = response.status
                content = await _limited(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            code, policy, meaning = next(fault for kind, fault in _FAULTS if isinstance(error, kind))
            reason = f"{bare_url(url)}: {meaning} ({error or type(error).__name__})"
            raise Fault(code, reason, policy) from error

        credentials = credentials_of(url)
        if response.status == 401 and credentials and "Authorization" not in headers:
            return await self._send(request, url, body, headers | {"Authorization": credentials}, overrides)
        request.document = content.decode(errors="replace")
        location = response.headers.get("Location", "") if 300 <= response.status < 400 else ""
        kind = response.headers.get("Content-Type", "")
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "")
        return Reply(request.url, response.status, kind, content, chunked), location

    def _reached(self, url: str) -> str:
        """Where a URL's request goes."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return self._elsewhere.get(origin, origin) + url[len(origin) :]


def resolve(base: str, url: str) -> str:
    """A URL from a document, seen from the document's own.

    >>> resolve("https://h/menu/1.3?step=2", "1.4"), resolve("https://h/menu#rc=2", "")
    ('https://h/menu/1.4', 'https://h/menu#rc=2')

    Raises:
        Fault: 11100, it is none that Twilio requests.
    """
    try:
        joined = urljoin(base, url.strip()) if url.strip() else base
        parts = urlsplit(joined)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Fault(11100, f"{url or base!r} is not a URL to request")
    return joined


def bare_url(url: str) -> str:
    """A URL as it is requested and signed: no fragment, no credentials, ASCII, with at least a path of `/`.

    >>> bare_url("https://ann:secret@h?q=é x#rc=2")
    'https://h/?q=%C3%A9%20x'
    """
    parts = urlsplit(quote(url.strip(), safe=string.punctuation))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))


def credentials_of(url: str) -> str:
    """The Authorization header for a URL with `user:pass@`; empty for one without."""
    parts = urlsplit(url)
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Fault(11750, "the body is longer than 64 kB")
    return bytes(body)
