"""Who isn't let in: each gets one line of text and leaves one event in the log, and never a traceback."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import pytest
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from tests.wire import FORM, SIGNATURE, TOKEN, a_call, get, post, post_json, send, send_raw, signed

SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
SHARED_KEY = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"


@pytest.fixture
async def daemon(serve, folder, caplog):
    folder["menu"] = 'recipe = [Gather([Say("menu")], after_ext=[ResponseExt("1", "one")])]'
    folder["machine"] = "def handle_request(path, params): return [Say('hello')]"
    yield await serve(folder, accounts={"AC2": "another token"}, previous_auth_token="the old one")
    assert caplog.text == "", "the libraries below have something to say"


@contextmanager
def refused(status: int, reason: str):
    """What is done within is refused once, for this reason."""
    with capture_logs() as events:
        yield
    assert [(each["event"], each["status"]) for each in events] == [("refused", status)]
    assert reason in events[0]["reason"]
    assert "\n" not in events[0]["reason"]
    assert "exc_info" not in events[0]
    assert events[0]["log_level"] == "warning"


def is_one_line(reply, status: int, reason: str) -> bool:
    kind = reply.headers["Content-Type"].partition(";")[0]
    one_line = reply.text.endswith("\n") and reply.text.count("\n") == 1
    return (reply.status, kind) == (status, "text/plain") and one_line and reason in reply.text


# --- where, how and what -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/nonesuch", "/Menu", "/menu.py", "/os", "/..%2fmenu", "/%00", "/_phones", "/%FF", "//menu"]
)
async def test_an_unknown_recipe(daemon, path):
    """A name is looked up in the catalogue, and never imported."""
    with refused(404, "there is no "):
        reply = await post(daemon, path, a_call())

    assert is_one_line(reply, 404, "there is no ")


async def test_no_call_sid(daemon):
    with refused(400, "no CallSid"):
        reply = await post(daemon, "/menu", {"CallStatus": "ringing", "CallSid": ""})

    assert is_one_line(reply, 400, "no CallSid")


async def test_an_empty_body(daemon):
    with refused(400, "no CallSid"):
        reply = await post(daemon, "/menu")

    assert is_one_line(reply, 400, "no CallSid")


async def test_a_get_of_an_extended_recipe(daemon):
    with refused(405, "/menu is an extended recipe"):
        reply = await get(daemon, "/menu?CallSid=CA1")

    assert is_one_line(reply, 405, "POST to it")
    assert reply.headers["Allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(("path", "allow"), [("/menu", "POST"), ("/machine", "GET, POST")])
async def test_another_method(daemon, method, path, allow):
    with refused(405, path):
        reply = await send(method, daemon, path, headers=signed(f"{daemon.url}{path}"))

    assert is_one_line(reply, 405, path)
    assert reply.headers["Allow"] == allow


@pytest.mark.parametrize("fields", [64 * 1024, 200_000, 1_000_000])
async def test_a_body_over_64_kib_with_its_length(daemon, fields):
    with refused(413, "a body of more than 65536 bytes"):
        reply = await post(daemon, "/menu", {"CallSid": "CA1", "Body": "x" * fields})

    assert is_one_line(reply, 413, "65536 bytes")


async def test_a_body_that_says_it_is_too_large_is_not_waited_for(daemon):
    parts = urlsplit(daemon.url)

    with refused(413, "a body of more than 65536 bytes"):
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(b"POST /menu HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n")
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()

    assert line.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("chunks", [65, 300, 2000])
async def test_a_body_over_64_kib_in_chunks(daemon, chunks):
    async def body():
        for _ in range(chunks):
            yield b"x" * 1024

    with refused(413, "a body of more than 65536 bytes"):
        reply = await send("POST", daemon, "/menu", body(), {"Content-Type": FORM, SIGNATURE: "x"})

    assert is_one_line(reply, 413, "65536 bytes")


async def test_a_body_of_64_kib_is_taken(daemon):
    fields = a_call()
    fields["Body"] = "x" * (64 * 1024 - len(urlencode(fields | {"Body": ""})))

    assert (await post(daemon, "/menu", fields)).status == 200


async def test_too_many_fields(daemon):
    with refused(413, "a form of more than 1000 fields"):
        reply = await post(daemon, "/menu", a_call() | {f"f{n}": "" for n in range(1000)})

    assert is_one_line(reply, 413, "1000 fields")
    assert (await post(daemon, "/menu", a_call() | {f"f{n}": "" for n in range(900)})).status == 200


@pytest.mark.parametrize(
    "body", [b"CallSid=CA1&From=\xff\xfe", b"CallSid=CA1&\x80=1", b"CallSid=CA1&From=\xed\xa0\x80"]
)
async def test_octets_that_are_not_utf8(daemon, body):
    """Twilio signs none; read with replacement characters they are a form like any other."""
    with refused(403, SIGNATURE):
        reply = await send("POST", daemon, "/menu", body, {"Content-Type": FORM, SIGNATURE: "x"})
    assert is_one_line(reply, 403, SIGNATURE)


async def test_percent_encoded_octets_that_are_not_utf8(daemon):
    body = "CallSid=CA1&From=%FF%FE"
    headers = signed(f"{daemon.url}/menu", [("CallSid", "CA1"), ("From", "\N{REPLACEMENT CHARACTER}" * 2)])

    assert (await send("POST", daemon, "/menu", body, headers)).status == 200


# --- signatures ----------------------------------------------------------------------------------


async def test_no_signature(daemon):
    with refused(403, f"no {SIGNATURE}"):
        reply = await post(daemon, "/menu", a_call(), token=None)

    assert is_one_line(reply, 403, "only Twilio comes in here")


@pytest.mark.parametrize("path", ["/menu", "/nonesuch", "/", "/machine", "/menu/1?step=1"])
async def test_a_bad_signature_learns_nothing_more(daemon, path):
    """It is checked before anything else is done with the request."""
    with refused(403, f"{SIGNATURE} is not that of "):
        reply = await post(daemon, path, a_call(), token="a guess")

    assert is_one_line(reply, 403, "check auth_token and public_url")
    assert daemon.status()["calls"]["started"] == 0


@pytest.mark.parametrize("signature", ["", "x", "AAAA", "ÿ", "=" * 1000, "🙂"])
async def test_a_signature_of_garbage(daemon, signature):
    with refused(403, SIGNATURE):
        reply = await post(daemon, "/menu", a_call(), token=None, headers={SIGNATURE: signature})

    assert reply.status == 403


async def test_a_signature_of_other_fields(daemon):
    headers = signed(f"{daemon.url}/menu", a_call(Digits="1").items())

    with refused(403, SIGNATURE):
        reply = await post(daemon, "/menu", a_call(Digits="2"), token=None, headers=headers)

    assert reply.status == 403


@pytest.mark.parametrize("path", ["/menu/1", "/menu/1?step=2", "/menu/1?step=1&x"])
async def test_a_signature_of_another_url(daemon, path):
    headers = signed(f"{daemon.url}/menu/1?step=1", a_call(Digits="1").items())

    with refused(403, SIGNATURE):
        reply = await post(daemon, path, a_call(Digits="1"), token=None, headers=headers)

    assert reply.status == 403


async def test_a_get_with_a_bad_signature_leaves_no_number_in_the_log(daemon):
    with capture_logs() as events:
        reply = await get(daemon, "/machine?From=%2B441314960123&Digits=471104711", token="a guess")

    assert reply.status == 403
    assert "471104711" not in str(events)
    assert "441314960123" not in str(events)


@pytest.mark.parametrize("token", [TOKEN, "the old one"])
async def test_either_of_two_tokens_is_good_during_rotation(daemon, token):
    assert (await post(daemon, "/menu", a_call(), token=token)).status == 200


async def test_a_sub_account_s_calls_are_signed_with_its_own_token(daemon):
    its_own = await post(daemon, "/menu", a_call(AccountSid="AC2"), token="another token")
    by_get = await get(daemon, "/machine?AccountSid=AC2", token="another token")
    with refused(403, SIGNATURE):
        with_the_main_one = await post(daemon, "/menu", a_call("CA2", AccountSid="AC2"))
    with refused(403, SIGNATURE):
        somebody_else_s = await post(daemon, "/menu", a_call("CA3", AccountSid="AC1"), token="another token")
    main = await post(daemon, "/menu", a_call("CA4", AccountSid="AC1"))

    statuses = [reply.status for reply in (its_own, by_get, with_the_main_one, somebody_else_s, main)]
    assert statuses == [200, 200, 403, 403, 200]


async def test_a_shared_key_signs_by_hmac_sha256(serve, folder):
    folder["menu"] = 'recipe = [Say("menu")]'
    daemon = await serve(folder, shared_keys={"webhooks_sharedkey_1": "secret"})

    def by(key: str, settings: str):
        signature = RequestValidator(key).compute_signature(f"{daemon.url}/menu", a_call(), algorithm="HMAC_SHA256")
        return post(daemon, "/menu", a_call(), token=None, headers={SIGNATURE: signature, SETTINGS: settings})

    assert (await by("secret", SHARED_KEY)).status == 200
    for key, settings in [
        ("a guess", SHARED_KEY),
        ("secret", "key=webhooks_sharedkey_2,algorithm=HMAC_SHA256"),
        ("", "key=webhooks_sharedkey_2,algorithm=HMAC_SHA256"),
        ("secret", "key=webhooks_sharedkey_1,algorithm=HMAC_MD5"),
        ("secret", "algorithm=HMAC_SHA256"),
        ("secret", ""),
        (TOKEN, SHARED_KEY),
    ]:
        with refused(403, SIGNATURE):
            assert (await by(key, settings)).status == 403


async def test_json_is_refused_after_a_good_signature(daemon):
    """Voice webhooks are forms. Its digest and its signature are checked first."""
    with refused(415, "not JSON"):
        good = await post_json(daemon, "/menu", a_call())
    with refused(415, "not JSON"):
        await post_json(daemon, "/menu", a_call(), content_type="Application/JSON; charset=utf-8")
    with refused(403, "bodySHA256 is not the digest"):
        tampered = await post_json(daemon, "/menu", a_call(), digest=sha256(b"{}").hexdigest())
    with refused(403, f"no {SIGNATURE}"):
        unsigned = await send("POST", daemon, "/menu", "{}", {"Content-Type": "Application/JSON"})

    assert is_one_line(good, 415, "Twilio's webhooks are forms, not JSON")
    assert is_one_line(tampered, 403, "bodySHA256")
    assert unsigned.status == 403


async def test_json_without_a_digest(daemon):
    with refused(403, "bodySHA256"):
        reply = await send(
            "POST", daemon, "/menu", "{}", {"Content-Type": "application/json"} | signed(f"{daemon.url}/menu")
        )

    assert reply.status == 403


@pytest.mark.parametrize(
    ("public_url", "known_as"),
    [
        ("https://ivr.example.com", "https://ivr.example.com"),
        ("https://ivr.example.com", "https://ivr.example.com:443"),
        ("https://ivr.example.com:8443/", "https://ivr.example.com"),
        ("https://ann:secret@ivr.example.com", "https://ivr.example.com"),
    ],
)
async def test_what_is_signed_is_the_public_url(serve, folder, public_url, known_as):
    folder["menu"] = 'recipe = [Say("menu")]'
    daemon = await serve(folder, public_url=public_url)

    assert (await post(daemon, "/menu?x=%20+a&b", a_call(), known_as=known_as)).status == 200
    with refused(403, "ivr.example.com"):
        assert (await post(daemon, "/menu", a_call())).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=e"},
    ],
)
async def test_what_a_proxy_says_does_not_matter(serve, folder, headers):
    """Neither to let in, nor to keep out."""
    folder["menu"] = 'recipe = [Say("menu")]'
    known_as = "https://ivr.example.com"
    daemon = await serve(folder, public_url=f"{known_as}/twilio")

    good = await post(daemon, "/twilio/menu", a_call(), known_as=known_as, headers=headers)
    with refused(403, known_as):
        bad = await post(daemon, "/twilio/menu", a_call(), known_as="http://evil.example", headers=headers)

    assert (good.status, bad.status) == (200, 403)


async def test_unsigned_takes_everything_on_loopback(serve, folder):
    folder["menu"] = 'recipe = [Say("menu")]'
    daemon = await serve(folder, unsigned=True, auth_token="")

    reply = await post(daemon, "/menu", a_call(), token=None)

    assert reply.status == 200


# --- what isn't HTTP -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "octets",
    [
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /menu HTTP/9.9\r\n\r\n",
        b"POST /menu HTTP/1.1\r\nHost: x\r\nContent-Length: zz\r\n\r\n",
        b"POST /menu HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST /menu HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /menu HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /menu?x=\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /menu HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
    ],
    ids=lambda octets: repr(octets[:24]),
)
async def test_what_is_not_http(daemon, octets):
    with refused(400, ""):
        answer = await send_raw(daemon, octets)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 400 " in head.partition(b"\r\n")[0]
    assert body.count(b"\n") == 1
    assert body.endswith(b"\n")
    assert (await post(daemon, "/menu", a_call())).status == 200


@pytest.mark.parametrize(
    "line", ["OPTIONS *", "CONNECT a:1", "POST http://127.0.0.1/menu", "POST /menu/../menu", "POST ///", "POST /menu#x"]
)
async def test_a_target_that_is_no_path_of_ours(daemon, line):
    request = f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{SIGNATURE}: x\r\nContent-Length: 0\r\n\r\n"

    with refused(403, SIGNATURE):
        answer = await send_raw(daemon, request.encode())

    assert answer.startswith(b"HTTP/1.1 403 ")


async def test_a_body_that_breaks_off(daemon):
    with refused(400, "the body broke off"):
        await send_raw(daemon, b"POST /menu HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", and_no_more=True)


async def test_a_compressed_body_is_not_unpacked(daemon):
    with refused(403, SIGNATURE):
        reply = await send("POST", daemon, "/menu", b"\x1f\x8b not gzip", {"Content-Encoding": "gzip", SIGNATURE: "x"})

    assert reply.status == 403


# --- what goes wrong within ----------------------------------------------------------------------


async def test_what_goes_wrong_within_is_the_apology_and_not_a_500(daemon, monkeypatch):
    async def route(_):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(daemon.supervisor, "route", route)
    with capture_logs() as events:
        reply = await post(daemon, "/menu", a_call())

    assert reply.status == 200
    assert reply.verbs[0].startswith("<Say>We are sorry")
    assert [(each["event"], each["reason"]) for each in events] == [("request_failed", "ZeroDivisionError: of ours")]
