"""Tokens that let a browser or an app make and take calls: JSON web tokens, signed HS256, no request needed.

An *access token* is for today's Voice SDKs and is signed with an API key's secret. A *capability token* is for the
old twilio-client.js 1.x and is signed with the account's auth token; its capabilities are one claim, `scope`: URIs with
parameters, one within the other.

>>> client_outgoing("AP1", {"name": "Jane Doe"}).uri("jane")
'scope:client:outgoing?appParams=name%3DJane%2BDoe&appSid=AP1&clientName=jane'

(Twilio's documentation: "Access Tokens", "Capability Tokens", error 20157.)
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import jwt

from runtime.twilio.errors import InvalidToken

LONGEST = 24 * 60 * 60
"""Seconds that a token may be good for."""
LONGEST_NAME = 256
"""Characters of a client's name."""
PLACE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
"""How a region is called, or an edge."""

Params = Mapping[str, str | Sequence[str]]


# --- capability tokens ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capability:
    """What the holder of a capability token may do; made by one of the three functions below."""

    service: str
    privilege: str
    params: Mapping[str, str]

    def uri(self, client_name: str | None = None) -> str:
        """As the scope has it. A client that may be called is named when it calls, too."""
        params = dict(self.params)
        if client_name is not None and self.privilege == "outgoing":
            params["clientName"] = client_name
        return f"scope:{self.service}:{self.privilege}?{urlencode(sorted(params.items()))}"


def client_incoming(name: str) -> Capability:
    """Take the calls to a client, as `Dial(Client(name))` makes them."""
    return Capability("client", "incoming", {"clientName": _identity("the client's name", name)})


def client_outgoing(application_sid: str, params: Params | None = None) -> Capability:
    """Make calls to a TwiML application. Twilio passes the parameters on to it; the caller can't change them."""
    more = {"appParams": urlencode(dict(params), doseq=True)} if params else {}
    return Capability("client", "outgoing", {"appSid": _sid("AP", application_sid), **more})


def event_stream(filters: Params | None = None) -> Capability:
    """Follow the account's events, all or those that the filters let through."""
    more = {"params": urlencode(dict(filters), doseq=True)} if filters else {}
    return Capability("stream", "subscribe", {"path": "/2010-04-01/Events", **more})


def capability_token(
    account_sid: str,
    auth_token: str,
    capabilities: Iterable[Capability],
    expires_after: int = 3600,
    *,
    now: float | None = None,
) -> str:
    """A token for twilio-client.js 1.x.

    Args:
        account_sid: the account, AC….
        auth_token: its token.
        capabilities: at most one of each.
        expires_after: seconds that it is good for, 24 hours at most.
        now: seconds since the epoch; the machine's clock by default.

    Raises:
        InvalidToken: Twilio would refuse it.
    """
    wanted = list(capabilities)
    granted = {each.privilege: each for each in wanted}
    if not granted or len(granted) < len(wanted):
        raise InvalidToken("a capability token grants something, and nothing twice")
    issued = _seconds(now)
    incoming = granted.get("incoming")
    name = incoming.params["clientName"] if incoming else None
    claims = {
        "scope": " ".join(each.uri(name) for each in wanted),
        "iss": _sid("AC", account_sid),
        "exp": issued + _lifetime(expires_after),
        "nbf": issued,
    }
    return jwt.encode(claims, _secret("auth_token", auth_token), algorithm="HS256")


# --- access tokens -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VoiceGrant:
    """What the holder of an access token may do with calls.

    Attributes:
        incoming: take calls to its identity.
        application_sid: make calls to this TwiML application.
        params: what Twilio passes on to the application; the caller can't change it.
        push_credential_sid: wake an app by push when a call comes in.
        endpoint_id: tells devices of one identity apart.
    """

    incoming: bool = False
    application_sid: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    push_credential_sid: str | None = None
    endpoint_id: str | None = None

    def claims(self) -> dict[str, Any]:
        """As the token has it: nothing is written that isn't granted. Raises `InvalidToken` if nothing is.

        >>> VoiceGrant(incoming=True, application_sid="AP1").claims()
        {'incoming': {'allow': True}, 'outgoing': {'application_sid': 'AP1'}}
        """
        claims: dict[str, Any] = {}
        if self.incoming:
            claims["incoming"] = {"allow": True}
        if self.application_sid is not None:
            claims["outgoing"] = {"application_sid": _sid("AP", self.application_sid)}
            if self.params:
                claims["outgoing"]["params"] = dict(self.params)
        elif self.params:
            raise InvalidToken("params are for calls to an application: name it by its application_sid")
        if self.push_credential_sid is not None:
            claims["push_credential_sid"] = _sid("CR", self.push_credential_sid)
        if self.endpoint_id:
            claims["endpoint_id"] = self.endpoint_id
        if not claims:
            raise InvalidToken("an access token grants something: incoming, or calls to an application")
        return claims


def access_token(  # noqa: PLR0913 - a token says this much
    account_sid: str,
    api_key_sid: str,
    api_key_secret: str,
    identity: str,
    *,
    voice: VoiceGrant,
    expires_after: int = 3600,
    region: str | None = None,
    nbf: int | Literal["now"] | None = "now",
    now: float | None = None,
) -> str:
    """A token for today's Voice SDKs.

    Args:
        account_sid: the account, AC….
        api_key_sid: an API key of it, SK….
        api_key_secret: the key's secret.
        identity: who holds it; calls from them come as `client:<identity>`.
        voice: what they may do.
        expires_after: seconds that it is good for, 24 hours at most.
        region: where the key was made, like `ie1`, if not in the United States.
        nbf: seconds since the epoch before which it isn't good; from now on by default, as with Twilio's own SDK. None
            says nothing of it, for a machine whose clock may be ahead.
        now: seconds since the epoch; the machine's clock by default.

    Raises:
        InvalidToken: Twilio would refuse it.
    """
    issued = _seconds(now)
    expires = issued + _lifetime(expires_after)
    begins = issued if nbf == "now" else nbf
    if begins is not None and begins >= expires:
        raise InvalidToken("nbf is after the token has expired")
    key = _sid("SK", api_key_sid)
    claims: dict[str, Any] = {
        "jti": f"{key}-{issued}",
        "grants": {"voice": voice.claims(), "identity": _identity("the identity", identity)},
        "iss": key,
        "exp": expires,
        **({"nbf": begins} if begins is not None else {}),
        "sub": _sid("AC", account_sid),
    }
    if region and not PLACE.fullmatch(region):
        raise InvalidToken(f"region is {region!r}; it is a name like ie1")
    headers = {"cty": "twilio-fpa;v=1", **({"twr": region} if region else {})}
    return jwt.encode(claims, _secret("api_key_secret", api_key_secret), algorithm="HS256", headers=headers)


# --- limits --------------------------------------------------------------------------------------


def _seconds(now: float | None) -> int:
    return math.floor(time.time() if now is None else now)


def _lifetime(seconds: int) -> int:
    if not 1 <= seconds <= LONGEST:
        raise InvalidToken(f"expires_after is {seconds} s; a token is good for 1 to {LONGEST} s (24 hours)")
    return int(seconds)


def _sid(prefix: str, sid: str) -> str:
    if not (sid.startswith(prefix) and sid.isascii() and sid.isalnum()):
        raise InvalidToken(f"{sid!r} is not a SID that begins with {prefix}")
    return sid


def _identity(what: str, name: str) -> str:
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidToken(f"{what} has {len(name)} characters; it needs 1 to {LONGEST_NAME}")
    return name


def _secret(name: str, secret: str) -> str:
    if not secret.strip():
        raise InvalidToken(f"there is no {name} to sign with")
    return secret
