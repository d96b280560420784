"""Tokens are the official SDK's, claim by claim; and none is made that Twilio would refuse."""

from __future__ import annotations

import itertools
import time

import jwt
import pytest
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant as TheirGrant
from twilio.jwt.client import ClientCapabilityToken

from runtime.twilio import (
    InvalidToken,
    VoiceGrant,
    access_token,
    capability_token,
    client_incoming,
    client_outgoing,
    event_stream,
)
from tests.runtime.twilio.conftest import ACCOUNT, KEY, SECRET, TOKEN

APP = "AP" + "0" * 32
PUSH = "CR" + "0" * 32
NOW = 1_795_325_815.75
SECOND = 1_795_325_815


@pytest.fixture(autouse=True)
def _it_is_now(monkeypatch):
    """The SDK asks the machine's clock."""
    monkeypatch.setattr(time, "time", lambda: NOW)


def read(token: str, secret: str) -> tuple[dict, dict]:
    claims = jwt.decode(token, secret, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False})
    return jwt.get_unverified_header(token), claims


# --- access tokens ---------------------------------------------------------------------------------

GRANTS = [
    dict(zip(("incoming", "application_sid", "params", "push_credential_sid", "endpoint_id"), each, strict=True))
    for each in itertools.product(
        [False, True], [None, APP], [{}, {"tier": "gold", "n": 1, "l": ["ü"]}], [None, PUSH], [None, "ep1"]
    )
    if each[1] or not each[2]
]


@pytest.mark.parametrize("region", [None, "ie1"])
@pytest.mark.parametrize("nbf", [None, SECOND, SECOND - 60])
@pytest.mark.parametrize("expires_after", [1, 3600, 86_400])
def test_an_access_token_is_the_sdk_s(region, nbf, expires_after):
    for grant in GRANTS:
        theirs = AccessToken(ACCOUNT, KEY, SECRET, identity="jane", nbf=nbf, ttl=expires_after, region=region)
        theirs.add_grant(
            TheirGrant(
                grant["incoming"],
                grant["application_sid"],
                grant["params"],
                grant["push_credential_sid"],
                grant["endpoint_id"],
            )
        )
        ours = access_token(
            ACCOUNT,
            KEY,
            SECRET,
            "jane",
            voice=VoiceGrant(**grant),
            nbf=nbf,
            expires_after=expires_after,
            region=region,
        )
        assert read(ours, SECRET) == read(theirs.to_jwt(), SECRET)


def test_an_access_token_that_is_written_out():
    grant = VoiceGrant(
        incoming=True,
        application_sid=APP,
        params={"tier": "gold"},
        push_credential_sid=PUSH,
        endpoint_id="ep1",
    )

    made = access_token(ACCOUNT, KEY, SECRET, "jane", voice=grant, region="ie1", nbf=SECOND, now=NOW)

    assert read(made, SECRET) == (
        {"alg": "HS256", "cty": "twilio-fpa;v=1", "twr": "ie1", "typ": "JWT"},
        {
            "jti": f"{KEY}-{SECOND}",
            "iss": KEY,
            "sub": ACCOUNT,
            "exp": SECOND + 3600,
            "nbf": SECOND,
            "grants": {
                "identity": "jane",
                "voice": {
                    "incoming": {"allow": True},
                    "outgoing": {"application_sid": APP, "params": {"tier": "gold"}},
                    "push_credential_sid": PUSH,
                    "endpoint_id": "ep1",
                },
            },
        },
    )


def test_the_sdk_reads_an_access_token(monkeypatch):
    monkeypatch.undo()
    made = access_token(ACCOUNT, KEY, SECRET, "jane", voice=VoiceGrant(incoming=True))

    found = AccessToken.from_jwt(made, SECRET)

    assert (found.issuer, found.subject) == (KEY, ACCOUNT)
    with pytest.raises(Exception, match="verification failed"):
        AccessToken.from_jwt(made, "another-secret-another-secret-another")


def test_a_token_without_a_clock_of_its_own_is_good_now(monkeypatch):
    monkeypatch.undo()
    made = access_token(ACCOUNT, KEY, SECRET, "jane", voice=VoiceGrant(incoming=True))
    also = capability_token(ACCOUNT, TOKEN, [client_incoming("jane")])

    assert jwt.decode(made, SECRET, algorithms=["HS256"])["iss"] == KEY
    assert jwt.decode(also, TOKEN, algorithms=["HS256"])["iss"] == ACCOUNT


# --- capability tokens -----------------------------------------------------------------------------

APP_PARAMS = [None, {}, {"name": "Jane Doe", "q": "a&b=ü%"}, {"b": "2", "a": ["1", "3"]}]
FILTERS = [None, {}, {"subject": "x"}, {"z": "1", "a": "ü &"}]
NAMES = ["jane", "jane doe+ü/&?"]


def in_every_order() -> list[tuple]:
    kinds = ("incoming", "outgoing", "events")
    return [order for n in (1, 2, 3) for order in itertools.permutations(kinds, n)]


@pytest.mark.parametrize("order", in_every_order())
def test_a_capability_token_is_the_sdk_s(order):
    for name, params, filters in itertools.product(NAMES, APP_PARAMS, FILTERS):
        theirs = ClientCapabilityToken(ACCOUNT, TOKEN, ttl=600)
        for kind in order:
            if kind == "incoming":
                theirs.allow_client_incoming(name)
            elif kind == "outgoing":
                theirs.allow_client_outgoing(APP, **params or {})
            else:
                theirs.allow_event_stream(**filters or {})
        ours = {
            "incoming": client_incoming(name),
            "outgoing": client_outgoing(APP, params),
            "events": event_stream(filters),
        }

        made = capability_token(ACCOUNT, TOKEN, [ours[kind] for kind in order], 600)

        assert read(made, TOKEN) == read(theirs.to_jwt(), TOKEN)


def test_a_capability_token_that_is_written_out():
    capabilities = [
        client_outgoing(APP, {"name": "Jane Doe", "q": "a&b"}),
        client_incoming("jane"),
        event_stream({"subject": "x"}),
    ]

    header, claims = read(capability_token(ACCOUNT, TOKEN, capabilities, now=NOW), TOKEN)

    assert header == {"alg": "HS256", "typ": "JWT"}
    assert claims == {
        "iss": ACCOUNT,
        "exp": SECOND + 3600,
        "nbf": SECOND,
        "scope": f"scope:client:outgoing?appParams=name%3DJane%2BDoe%26q%3Da%2526b&appSid={APP}&clientName=jane "
        "scope:client:incoming?clientName=jane "
        "scope:stream:subscribe?params=subject%3Dx&path=%2F2010-04-01%2FEvents",
    }


def test_the_sdk_reads_a_capability_token(monkeypatch):
    monkeypatch.undo()
    made = capability_token(ACCOUNT, TOKEN, [client_incoming("jane")])

    assert ClientCapabilityToken.from_jwt(made, TOKEN).issuer == ACCOUNT


def test_the_same_capability_makes_the_same_token_twice():
    once = client_outgoing(APP)

    capability_token(ACCOUNT, TOKEN, [once, client_incoming("jane")])

    assert "jane" not in capability_token(ACCOUNT, TOKEN, [once])
    assert once == client_outgoing(APP)


# --- what Twilio would refuse ----------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("inf"), float("nan")])
def test_a_token_is_good_for_24_hours_at_most(seconds):
    with pytest.raises(InvalidToken, match=r"a token is good for 1 to 86400 s \(24 hours\)"):
        access_token(ACCOUNT, KEY, SECRET, "jane", voice=VoiceGrant(), expires_after=seconds)
    with pytest.raises(InvalidToken, match="24 hours"):
        capability_token(ACCOUNT, TOKEN, [event_stream()], seconds)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: access_token("SK1", KEY, SECRET, "j", voice=VoiceGrant()), "'SK1' is not a SID that begins with AC"),
        (lambda: access_token(ACCOUNT, ACCOUNT, SECRET, "j", voice=VoiceGrant()), "begins with SK"),
        (lambda: access_token(ACCOUNT, KEY, "", "j", voice=VoiceGrant()), "there is no api_key_secret"),
        (lambda: access_token(ACCOUNT, KEY, SECRET, "", voice=VoiceGrant()), "the identity has 0 characters"),
        (
            lambda: access_token(ACCOUNT, KEY, SECRET, "j" * 257, voice=VoiceGrant()),
            "257 characters; it needs 1 to 256",
        ),
        (lambda: access_token(ACCOUNT, KEY, SECRET, "j", voice=VoiceGrant(), nbf=SECOND + 3600), "nbf is after"),
        (lambda: VoiceGrant(application_sid="APP 1").claims(), "'APP 1' is not a SID that begins with AP"),
        (lambda: VoiceGrant(push_credential_sid="X").claims(), "begins with CR"),
        (lambda: VoiceGrant(params={"a": "b"}).claims(), "params are for calls to an application"),
        (lambda: client_outgoing("CA1"), "begins with AP"),
        (lambda: client_incoming(""), "the client's name has 0 characters"),
        (lambda: capability_token(ACCOUNT, TOKEN, []), "grants something"),
        (lambda: capability_token(ACCOUNT, TOKEN, [event_stream(), event_stream()]), "nothing twice"),
        (lambda: capability_token(ACCOUNT, "", [event_stream()]), "there is no auth_token"),
        (lambda: capability_token(KEY, TOKEN, [event_stream()]), "begins with AC"),
    ],
)
def test_a_token_that_would_be_refused(make, problem):
    with pytest.raises(InvalidToken) as caught:
        make()
    assert problem in str(caught.value)
    assert caught.value.exit_code == 2
