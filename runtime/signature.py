"""X-Twilio-Signature: who may come in, and how the softphone gets in.

Twilio signs each webhook with the account's auth token (or with a shared key). What is
signed is one string: the URL it was told to call, byte for byte, followed by every form
field as name and value with nothing between them, sorted by name and then by value, each
pair once. The header is the base64 of that string's HMAC.

    >>> sign("https://ivr.example.com/voice", [("Digits", "1"), ("CallSid", "CA1")], "12345")
    'XOxeA/u+pHmfqUm8by68nC4ndmE='
    >>> verify("https://ivr.example.com/voice", [("CallSid", "CA1"), ("Digits", "1")],
    ...        "XOxeA/u+pHmfqUm8by68nC4ndmE=", ["12345"])
    True

A GET has its fields in the URL already, so its `params` are empty. So has a JSON body: there the
URL carries the body's digest, and `body_digest_matches` says whether it is this body's.

Twilio is not consistent about ports: https usually leaves its port out, http keeps it. As the
official SDK does, `verify` takes a signature of the URL as given, of the URL without its port,
and, where it has none, of the URL with the scheme's default port.

(Twilio's documentation: "Security", "Webhooks shared keys"; the SDK's `RequestValidator`.)
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from urllib.parse import parse_qsl

__all__ = [
    "HEADER",
    "HMAC_SHA1",
    "HMAC_SHA256",
    "SETTINGS_HEADER",
    "algorithm_of",
    "body_digest_matches",
    "key_of",
    "sign",
    "verify",
]

HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
HMAC_SHA1 = "HMAC_SHA1"
HMAC_SHA256 = "HMAC_SHA256"

_DIGESTS = {HMAC_SHA1: "sha1", HMAC_SHA256: "sha256"}
_DEFAULT_PORTS = {"https": "443", "wss": "443", "http": "80", "ws": "80"}

Params = dict[str, str] | Iterable[tuple[str, str]]
"""A form's decoded names and values, in any order: pairs, or a dict where no name is repeated."""

# scheme://  user:pass@  host or [::1]  :port  /the rest
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#@]*@)?(\[[^\]/?#]*\]|[^:/?#\[\]]*)(?::(\d*))?(?=[/?#]|$)")


def sign(url: str, params: Params, token: str, algorithm: str = HMAC_SHA1) -> str:
    """The signature of a webhook.

    Args:
        url: as Twilio was told to call it, without fragment and `user:pass@`.
        params: the form's decoded names and values, in any order; empty for GET and JSON.
        token: the auth token, or the shared key.
        algorithm: `HMAC_SHA1` or `HMAC_SHA256`.

    Raises:
        ValueError: the algorithm is neither of these, or a text has no UTF-8 form.
    """
    digest = _DIGESTS.get(algorithm.upper())
    if digest is None:
        raise ValueError(f"signature algorithm {algorithm!r} is neither {HMAC_SHA1} nor {HMAC_SHA256}")
    return _signature(url.encode() + _form(params), token.encode(), digest).decode()


def verify(
    url: str,
    params: Params,
    signature: str,
    tokens: Sequence[str],
    algorithm: str = HMAC_SHA1,
) -> bool:
    """Whether `signature` is that of this webhook, made with one of `tokens`.

    The usual case, the first token and the URL as given, costs one HMAC. Comparison is in constant
    time. Whatever comes in, the answer is True or False: an unknown algorithm, a header of garbage or
    a text without a UTF-8 form is False, and so is everything when there is no token or an empty one.
    """
    digest = _DIGESTS.get(algorithm.upper())
    if digest is None or not signature:
        return False
    try:
        form = _form(params)
        keys = [token.encode() for token in tokens if token]
        claimed = signature.encode()
        for spelling in _spellings(url):
            text = spelling.encode() + form
            for key in keys:
                if hmac.compare_digest(_signature(text, key, digest), claimed):
                    return True
    except UnicodeEncodeError:
        pass  # bytes that are no UTF-8 become lone surrogates on their way in; Twilio signs none
    return False


def body_digest_matches(url: str, body: bytes) -> bool:
    """Whether the URL's `bodySHA256` is the digest of this body; False where the URL has none.

    >>> body_digest_matches("https://h/x?bodySHA256=" + hashlib.sha256(b"{}").hexdigest(), b"{}")
    True
    """
    query = url.partition("#")[0].partition("?")[2]
    claimed = next((value for name, value in parse_qsl(query) if name == "bodySHA256"), "")
    actual = hashlib.sha256(body).hexdigest()
    return hmac.compare_digest(actual.encode(), claimed.encode("utf-8", "surrogatepass"))


def algorithm_of(settings: str | None) -> str:
    """The algorithm that an X-Twilio-Webhooks-Signature-Settings header names; HMAC_SHA1 without one.

    >>> algorithm_of("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256")
    'HMAC_SHA256'
    """
    return _setting(settings, "algorithm") or HMAC_SHA1


def key_of(settings: str | None) -> str:
    """The id of the shared key that such a header names; "" without one.

    >>> key_of("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256")
    'webhooks_sharedkey_1'
    """
    return _setting(settings, "key") or ""


def _setting(settings: str | None, wanted: str) -> str | None:
    for part in settings.split(",") if settings else ():
        name, _, value = part.partition("=")
        if name.strip() == wanted and value.strip():
            return value.strip()
    return None


def _form(params: Params) -> bytes:
    if isinstance(params, dict):  # each name is there once: to sort the names is to sort the pairs
        return "".join([name + params[name] for name in sorted(params)]).encode()
    return "".join(chain.from_iterable(sorted(set(params)))).encode()


def _signature(text: bytes, key: bytes, digest: str) -> bytes:
    keyed = _keyed(key, digest).copy()
    keyed.update(text)
    return binascii.b2a_base64(keyed.digest(), newline=False)


@lru_cache(maxsize=64)
def _keyed(key: bytes, digest: str) -> hmac.HMAC:
    """An HMAC that has taken in its key, to be copied. That takes OpenSSL longer than to sign a webhook."""
    return hmac.new(key, digestmod=digest)


def _spellings(url: str) -> Iterator[str]:
    """The URL as given, then the one other way that Twilio may have spelt its port."""
    yield url
    match = _URL.match(url)
    if match is None:
        return
    scheme, user, host, port = match.groups()
    default = _DEFAULT_PORTS.get(scheme.lower())
    if port:
        yield f"{scheme}://{user or ''}{host}{url[match.end() :]}"
    elif port is None and default:
        yield f"{scheme}://{user or ''}{host}:{default}{url[match.end() :]}"
