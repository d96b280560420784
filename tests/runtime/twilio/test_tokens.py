"""Tokens are the official SDK's, claim by claim; and none is made that Twilio would refuse."""

from __future__ import annotations

import itertools
import time

import jwt
import pytest
from twilio.jwt import JwtDecodeError
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
    if (each[1] or not each[2]) and any(each)
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


def test_an_access_token_is_the_sdk_s_where_nothing_is_said():
    theirs = AccessToken(ACCOUNT, KEY, SECRET, [TheirGrant(incoming_allow=True)], "jane")

    ours = access_token(ACCOUNT, KEY, SECRET, "jane", voice=VoiceGrant(incoming=True))

    assert read(ours, SECRET) == read(theirs.to_jwt(), SECRET)
    assert read(ours, SECRET)[1]["nbf"] == SECOND


def test_an_access_token_that_is_written_out():
    grant = VoiceGrant(
        incoming=True,
        application_sid=APP,
        params={"tier": "gold"},
        push_credential_sid=PUSH,
        endpoint_id="ep1",
    )

    made = access_token(ACCOUNT, KEY, SECRET, "jane", voice=grant, region="ie1", now=NOW)

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


# --- when, and by which key, a token is good -------------------------------------------------------

HOUR, LATER = 3600, 600
OTHER = "another-secret-another-secret-another"

# kind -> its key, the SDK's reader, and a token made some seconds from now
KINDS = {
    "access": (
        SECRET,
        AccessToken,
        lambda now, **more: access_token(ACCOUNT, KEY, SECRET, "j", voice=VoiceGrant(incoming=True), now=now, **more),
    ),
    "capability": (
        TOKEN,
        ClientCapabilityToken,
        lambda now, **more: capability_token(ACCOUNT, TOKEN, [client_incoming("j")], now=now, **more),
    ),
}


def refused(kind: str, token: str, key: str, error: type[jwt.PyJWTError], words: str) -> bool:
    """Whether PyJWT refuses a token by that error, and the SDK for the same reason."""
    with pytest.raises(error, match=words):
        jwt.decode(token, key, algorithms=["HS256"])
    with pytest.raises(JwtDecodeError, match=words):
        KINDS[kind][1].from_jwt(token, key)
    return True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("expires_after", [60, HOUR, 86_400])
def test_a_token_is_good_until_it_has_expired(monkeypatch, kind, expires_after):
    monkeypatch.undo()
    now, (key, reader, make) = time.time(), KINDS[kind]

    almost, over = [make(now - expires_after + left, expires_after=expires_after) for left in (30, -1)]

    assert jwt.decode(almost, key, algorithms=["HS256"])["exp"] > now
    assert reader.from_jwt(almost, key).issuer in (ACCOUNT, KEY)
    assert refused(kind, over, key, jwt.ExpiredSignatureError, "Signature has expired")


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_from_a_clock_that_is_ahead(monkeypatch, kind):
    """A token says when it begins, as the SDK's; an access token need not."""
    monkeypatch.undo()
    key, _, make = KINDS[kind]

    ahead = make(time.time() + LATER)

    assert refused(kind, ahead, key, jwt.ImmatureSignatureError, "not yet valid")
    assert jwt.decode(ahead, key, algorithms=["HS256"], leeway=LATER + 30)["iss"] in (ACCOUNT, KEY)


def test_an_access_token_that_does_not_say_when_it_begins(monkeypatch):
    monkeypatch.undo()
    key, reader, make = KINDS["access"]

    ahead = make(time.time() + LATER, nbf=None)

    assert reader.from_jwt(ahead, key).issuer == KEY
    assert "nbf" not in read(ahead, key)[1]


def test_an_access_token_for_later_is_not_good_yet(monkeypatch):
    monkeypatch.undo()
    now, (key, reader, make) = int(time.time()), KINDS["access"]

    assert refused("access", make(now, nbf=now + LATER), key, jwt.ImmatureSignatureError, "not yet valid")
    assert reader.from_jwt(make(now, nbf=now - 1), key).nbf == now - 1
    both = make(now - 2 * HOUR, nbf=now - LATER - HOUR)
    assert refused("access", both, key, jwt.ExpiredSignatureError, "Signature has expired")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", [OTHER, SECRET, TOKEN, SECRET.upper(), TOKEN + "0", TOKEN[:-1] + "0"])
def test_a_token_is_good_by_its_own_key_alone(monkeypatch, kind, key):
    """An access token is signed with the API key's secret, a capability token with the auth token."""
    monkeypatch.undo()
    own, reader, make = KINDS[kind]
    token = make(time.time())

    if key == own:
        assert reader.from_jwt(token, key).issuer in (ACCOUNT, KEY)
    else:
        assert refused(kind, token, key, jwt.InvalidSignatureError, "Signature verification failed")


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_that_was_changed_is_not_good(monkeypatch, kind):
    monkeypatch.undo()
    now, (key, _, make) = time.time(), KINDS[kind]
    head, claims, signature = make(now).split(".")
    _, longer, others = make(now, expires_after=86_400).split(".")

    for changed in (f"{head}.{longer}.{signature}", f"{head}.{claims}.{others}"):
        assert refused(kind, changed, key, jwt.InvalidSignatureError, "Signature verification failed")
    unsigned = jwt.encode(read(make(now), key)[1], None, algorithm="none")
    with pytest.raises(jwt.InvalidAlgorithmError):
        jwt.decode(unsigned, key, algorithms=["HS256"])
    with pytest.raises(JwtDecodeError, match="Incorrect decoding algorithm none"):
        KINDS[kind][1].from_jwt(unsigned, key)


# --- what Twilio would refuse ----------------------------------------------------------------------

CALLED = VoiceGrant(incoming=True)


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("inf"), float("nan")])
def test_a_token_is_good_for_24_hours_at_most(seconds):
    with pytest.raises(InvalidToken, match=r"a token is good for 1 to 86400 s \(24 hours\)"):
        access_token(ACCOUNT, KEY, SECRET, "jane", voice=CALLED, expires_after=seconds)
    with pytest.raises(InvalidToken, match="24 hours"):
        capability_token(ACCOUNT, TOKEN, [event_stream()], seconds)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: access_token("SK1", KEY, SECRET, "j", voice=CALLED), "'SK1' is not a SID that begins with AC"),
        (lambda: access_token(ACCOUNT, ACCOUNT, SECRET, "j", voice=CALLED), "begins with SK"),
        (lambda: access_token(ACCOUNT, KEY, "", "j", voice=CALLED), "there is no api_key_secret"),
        (lambda: access_token(ACCOUNT, KEY, SECRET, "", voice=CALLED), "the identity has 0 characters"),
        (
            lambda: access_token(ACCOUNT, KEY, SECRET, "j" * 257, voice=CALLED),
            "257 characters; it needs 1 to 256",
        ),
        (lambda: access_token(ACCOUNT, KEY, SECRET, "j", voice=CALLED, nbf=SECOND + 3600), "nbf is after"),
        (lambda: VoiceGrant(application_sid="APP 1").claims(), "'APP 1' is not a SID that begins with AP"),
        (lambda: VoiceGrant(incoming=True, application_sid="").claims(), "'' is not a SID that begins with AP"),
        (lambda: VoiceGrant(incoming=True, push_credential_sid="").claims(), "'' is not a SID that begins with CR"),
        (lambda: access_token(ACCOUNT, KEY, SECRET, "j", voice=VoiceGrant()), "an access token grants something"),
        (lambda: access_token(ACCOUNT, KEY, "  ", "j", voice=CALLED), "there is no api_key_secret"),
        (lambda: access_token(ACCOUNT, KEY, SECRET, "j", voice=CALLED, region="IE1"), "region is 'IE1'"),
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
