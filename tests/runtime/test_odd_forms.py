"""Forms that Twilio would hardly send, signed as it signs: each is read as far as it can be, or refused in one line,
and the next call goes on.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from actors import Webhook
from runtime import catalogue
from runtime.daemon import Daemon
from runtime.settings import Settings
from runtime.softphone import Press
from runtime.web.form import MOST_FIELDS
from tests.wire import FORM, TOKEN, a_call, dial, post, post_raw, send
from twiml import NOTHING

RECIPES = {
    "menu": 'recipe = [Gather([Say("menu")], num_digits=1, after_ext=[ResponseExt("1", "one", [Say("one")])])]',
    "sees": """
        seen = []

        def recipe(call):
            seen.append(call.params)
            return [Say("seen")]
    """,
    "texts": """
        def reply(message):
            message.data["texts"] = message.data.get("texts", 0) + 1
            return f"{len(message.sid)} {message.data['texts']}"
    """,
    "machine": """
        def handle_request(path, params):
            account, call, tenant = (repr(params.get(name)) for name in ("AccountSid", "CallSid", "tenant"))
            return [Say(f"{call} of {account}, tenant {tenant}")]
    """,
}


@pytest.fixture
async def daemon(serve, folder, caplog):
    """One that an ordinary caller gets through to afterwards."""
    for name, text in RECIPES.items():
        folder[name] = text
    daemon = await serve(folder)
    yield daemon
    assert (await dial(daemon, "menu", Press("1"))).said == ["menu", "one"]
    assert caplog.text == "", "the libraries below have something to say"


@pytest.fixture
def seen(folder):
    """The fields that the last callout saw."""
    return lambda: folder["sees"].seen[-1]


async def is_refused(reply_of, status: int, reason: str) -> bool:
    """Whether a request is refused with one line, which stands in the log without a traceback."""
    with capture_logs() as events:
        reply = await reply_of
    assert [(each["event"], each["status"], each["log_level"]) for each in events] == [("refused", status, "warning")]
    assert "exc_info" not in events[0]
    return reply.status == status and reply.text.count("\n") == 1 and reason in reply.text


# --- encodings -----------------------------------------------------------------------------------

CITY = "CallSid=CA1&FromCity="
GONE = "\N{REPLACEMENT CHARACTER}"
READ = {
    "UTF-8": (f"{CITY}Zürich".encode(), "Zürich"),
    "octets that are no UTF-8": (CITY.encode() + b"Z\xffrich", f"Z{GONE}rich"),
    "latin-1": (f"{CITY}Zürich".encode("latin-1"), f"Z{GONE}rich"),
    "latin-1, percent-encoded": (f"{CITY}Z%FCrich".encode(), f"Z{GONE}rich"),
    "lone surrogates": (f"{CITY}%ED%A0%80".encode(), GONE * 3),
    "two surrogates that would be one character": (f"{CITY}%ED%A0%BD%ED%B8%80".encode(), GONE * 6),
    "a NUL that is too long": (f"{CITY}%C0%80".encode(), GONE * 2),
    "a NUL": (f"{CITY}%00&%00=%00".encode(), "\0"),
    "a NUL as it is": (f"{CITY}\0".encode(), "\0"),
    "percent signs without digits": (f"{CITY}100%&%=%&x=%4&y=%zz".encode(), "100%"),
    "percent signs of percent signs": (f"{CITY}%2541".encode(), "%41"),
    "a name that is percent-encoded": (b"%43allSid=CA1&From%43ity=Bath", "Bath"),
    "line ends and tabs": (f"{CITY}%0D%0A%09&x=\r\n".encode(), "\r\n\t"),
    "a BOM before another field": (f"\N{ZERO WIDTH NO-BREAK SPACE}AccountSid=AC1&{CITY}Bath".encode(), "Bath"),
    "semicolons": (f"{CITY}Bath;FromState=X".encode(), "Bath;FromState=X"),
    "what separates, too often": (f"&&=&=x&{CITY}a=b&&".encode(), "a=b"),
}
UNREAD = {
    "UTF-16": f"{CITY}Bath".encode("utf-16"),
    "a BOM before the CallSid": f"\N{ZERO WIDTH NO-BREAK SPACE}{CITY}Bath".encode(),
    "nothing that separates": b"CallSidCA1",
    "nothing but what separates": b"&&&=&==",
    "JSON": b'{"CallSid": "CA1"}',
    "multipart": b'--x\r\nContent-Disposition: form-data; name="CallSid"\r\n\r\nCA1\r\n--x--\r\n',
    "an empty CallSid before another": b"CallSid=&CallSid=CA1",
    "another spelling": b"callsid=CA1&CALLSID=CA1&CallSID=CA1&+CallSid=CA1",
}
CHARSETS = ["UTF-8", "ISO-8859-1", "utf-16", "utf-7", "nonsense", '"', "", "utf-8; charset=latin-1"]


@pytest.mark.parametrize("name", READ)
async def test_a_wrong_encoding_is_read_as_far_as_it_can_be(daemon, seen, name):
    body, city = READ[name]

    reply = await post_raw(daemon, "/sees", body)

    assert (reply.status, reply.verbs[0]) == (200, "<Say>seen</Say>")
    assert (seen()["CallSid"], seen()["FromCity"]) == ("CA1", city)
    assert Webhook(seen()).from_.city == city
    assert all(line.isprintable() for line in Webhook(seen()).pretty().split("\n"))


@pytest.mark.parametrize("path", ["/sees", "/menu/1?step=1", "/menu/status"])
@pytest.mark.parametrize("name", UNREAD)
async def test_what_cannot_be_read_as_a_form_has_no_call_sid(daemon, name, path):
    assert await is_refused(post_raw(daemon, path, UNREAD[name]), 400, "no CallSid")


@pytest.mark.parametrize("charset", CHARSETS)
async def test_a_charset_that_lies_changes_nothing(daemon, seen, charset):
    headers = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}

    reply = await post_raw(daemon, "/sees", f"{CITY}Zürich%C3%BC", headers=headers)

    assert (reply.status, seen()["FromCity"]) == (200, "Zürichü")


async def test_a_multipart_form_that_says_so_is_no_better(daemon):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    assert await is_refused(post_raw(daemon, "/menu", UNREAD["multipart"], headers=headers), 400, "no CallSid")


# --- sizes ---------------------------------------------------------------------------------------


async def test_a_thousand_fields_are_taken_and_one_more_is_not(daemon, seen):
    fields = [f"f{n}={n}" for n in range(MOST_FIELDS - 1)]

    taken = await post_raw(daemon, "/sees", "&".join(["CallSid=CA1", *fields]))

    assert (taken.status, len(seen())) == (200, MOST_FIELDS)
    assert await is_refused(post_raw(daemon, "/sees", "&".join(["CallSid=CA1", *fields, "x="])), 413, "1000 fields")


@pytest.mark.parametrize("field", ["a=1", "", "Sid=1", "%%%=%"])
async def test_ten_thousand_fields_are_refused_at_once_while_others_are_answered(daemon, field):
    """Before anything is made of them, a signature among that: a hundred such forms hold nobody up."""
    body = "&".join([field] * 10_000)

    def flood():
        return send("POST", daemon, "/menu", body, {"Content-Type": FORM, "X-Twilio-Signature": "x"}, within=10)

    with capture_logs() as events:
        refused = [asyncio.create_task(flood()) for _ in range(100)]
        others = [await post(daemon, "/menu", a_call(f"CA{n}"), within=5) for n in range(10)]
        replies = await asyncio.gather(*refused)

    assert {(reply.status, reply.text) for reply in replies} == {(413, f"a form of more than {MOST_FIELDS} fields\n")}
    assert {reply.status for reply in others} == {200}
    assert sum(each["event"] == "refused" for each in events) == 100
    assert daemon.status()["calls"]["in_progress"] == 10


async def test_a_query_of_too_many_fields_is_refused_too(daemon):
    query = "&".join(["a"] * (MOST_FIELDS + 1))

    assert await is_refused(post_raw(daemon, f"/menu?{query}", "CallSid=CA1"), 413, "1000 fields")
    assert await is_refused(post_raw(daemon, f"/machine?{query}", "CallSid=CA1"), 413, "1000 fields")


@pytest.mark.parametrize("length", [65, 10_000])
@pytest.mark.parametrize("path", ["/menu", "/menu/1?step=1", "/menu/status", "/menu/recording"])
async def test_a_call_sid_that_is_too_long_for_a_journal(daemon, path, length):
    """PostgreSQL can't find a call by it: it would be begun, and never written down."""
    body = f"CallSid=CA{'1' * (length - 2)}&CallStatus=ringing"

    assert await is_refused(post_raw(daemon, path, body), 400, f"a CallSid of {length} characters; Twilio's have 34")
    assert daemon.status()["calls"]["started"] == 0


@pytest.mark.parametrize("length", [65, 20_000])
@pytest.mark.parametrize("name", ["MessageSid", "SmsSid", "SmsMessageSid"])
@pytest.mark.parametrize("path", ["/texts", "/texts/more", "/texts/status", "/menu"])
async def test_a_message_sid_that_is_too_long_for_the_log(daemon, path, name, length):
    body = f"{name}=SM{'1' * (length - 2)}&From=%2B441314960123&To=%2B441314960456"

    with capture_logs() as events:
        reply = await post_raw(daemon, path, body)
    assert (reply.status, reply.text) == (400, f"a MessageSid of {length} characters; Twilio's have 34\n")
    assert [each["event"] for each in events] == ["refused"]
    assert max(len(str(each)) for each in events) < 200
    shown = daemon.status()
    assert (shown["messages"], shown["failures"]) == ({"conversations": 0, "answered": 0, "failed": 0}, [])


@pytest.mark.parametrize("sid", ["S" * 64, "x", "SM1\0", "SM1\r\nX: y", "\N{RIGHT-TO-LEFT OVERRIDE}", "💥"])
async def test_a_message_sid_that_is_none_is_still_a_name(daemon, sid):
    body = f"MessageSid={quote(sid, safe='')}&From=%2B441314960123&To=%2B441314960456"
    first, again = [await post_raw(daemon, "/texts", body) for _ in range(2)]

    assert first.verbs == again.verbs == [f"<Message>{len(sid)} 1</Message>"]


@pytest.mark.parametrize("field", ["From={}", "To={}", "AccountSid={}", "Body={}", "MediaUrl0={}", "{}=1"])
async def test_whatever_else_of_a_message_may_be_long(daemon, field):
    body = f"MessageSid=SM1&{field.format('n' * 20_000)}"

    assert (await post_raw(daemon, "/texts", body)).verbs == ["<Message>3 1</Message>"]


@pytest.mark.parametrize(
    "sid", ["C" * 64, "x", "CA1\0", "../../etc", "CA1\r\nX: y", "\N{RIGHT-TO-LEFT OVERRIDE}", "💥"]
)
async def test_a_call_sid_that_is_none_is_still_a_name(daemon, seen, sid):
    body = f"CallSid={quote(sid, safe='')}"
    first = await post_raw(daemon, "/sees", body)
    end = await post_raw(daemon, "/sees/status", f"{body}&CallStatus=completed")

    assert (first.status, seen()["CallSid"]) == (200, sid)
    assert (end.text, daemon.status()["calls"]["completed"]) == (NOTHING, 1)


@pytest.mark.parametrize("field", ["{}=1", "{}", "FromCity={}", "SipHeader_{}=1", "MediaUrl{}=1"])
async def test_a_name_and_a_value_may_be_long(daemon, seen, field):
    reply = await post_raw(daemon, "/sees", f"CallSid=CA1&{field.format('n' * 10_000)}")

    assert (reply.status, max(len(name + value) for name, value in seen().items()) >= 10_000) == (200, True)
    assert Webhook(seen()).pretty()


async def test_of_what_is_repeated_the_first_counts_and_the_form_before_the_url(daemon, seen):
    reply = await post_raw(daemon, "/sees?CallSid=CA3&FromCity=Bath", "CallSid=CA1&CallSid=CA2&CallSid=CA1")

    assert reply.status == 200
    assert (seen()["CallSid"], seen()["FromCity"]) == ("CA1", "Bath")
    assert await is_refused(post_raw(daemon, "/sees?CallSid=CA3", "CallSid="), 400, "no CallSid")


async def test_so_it_does_for_a_module_that_handles_requests(daemon):
    """Whoever chooses a Voice URL would else choose whose call it is."""
    reply = await post_raw(daemon, "/machine?AccountSid=AC3&tenant=7", "AccountSid=AC1&AccountSid=AC2&CallSid=CA1")

    assert reply.verbs == ["<Say>'CA1' of 'AC1', tenant '7'</Say>"]


# --- what nobody has heard of --------------------------------------------------------------------

TOMORROW = {
    "conference": "ConferenceSid=CF1&StatusCallbackEvent=participant-teleported&Aura=blue",
    "stream": "StreamSid=MZ1&StreamEvent=stream-of-tomorrow",
    "live_transcription": "TranscriptionSid=GT1&TranscriptionEvent=transcription-sung",
    "status": "CallStatus=on-hold&CallbackSource=call-progress-events&SequenceNumber=first",
    "detection": "AnsweredBy=dog&MachineDetectionDuration=long",
    "recording": "RecordingSid=RE1&RecordingUrl=x&RecordingStatus=completed&RecordingDuration=-1",
    "payment": "PaymentMethod=shells&PaymentCardNumber=%00",
    "leg": "CallStatus=on-hold&CallbackSource=x&ParentCallSid=CA1",
}


@pytest.mark.parametrize("event", TOMORROW)
async def test_a_kind_of_callback_that_is_new_is_told_as_what_it_looks_like(begin, event):
    begun = await begin()
    path = "/flow/recording" if event == "recording" else "/flow/status"

    reply = await post_raw(begun.daemon, path, f"CallSid=CA1&{TOMORROW[event]}")
    await begun.settled()

    assert (reply.status, reply.text, begun.events) == (200, NOTHING, [event])
    assert (await begun.daemon.journal.load("CA1")).status == "in-progress"


@pytest.mark.parametrize("event", TOMORROW)
async def test_one_that_is_about_nobody_is_logged_and_no_more(daemon, event):
    path = "/menu/recording" if event == "recording" else "/menu/status"

    with capture_logs() as events:
        reply = await post_raw(daemon, path, f"CallSid=CA404&{TOMORROW[event].replace('CA1', 'CA405')}")

    assert (reply.status, reply.text) == (200, NOTHING)
    assert {each["event"] for each in events} == {"callback_of_unknown_call"}
    assert daemon.status()["calls"]["started"] == 0


@pytest.mark.parametrize("path", ["amd", "Status", "status/deeper", "recordings", "status%00", "%2e%2e/status"])
async def test_a_callback_at_a_path_that_is_none_moves_nothing(begin, path):
    begun = await begin()

    with capture_logs() as events:
        reply = await post_raw(begun.daemon, f"/flow/{path}", "CallSid=CA1&AnsweredBy=human")
    await begun.settled()

    assert (reply.status, reply.text, begun.events) == (200, begun.document, [])
    assert [each["event"] for each in events] == ["unknown_state"]


# --- any form whatsoever -------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.sampled_from(
    "CallSid CallSid CallSid AccountSid CallStatus Digits SpeechResult ParentCallSid ConferenceSid DialCallStatus"
    " CallSidEndingConference RecordingSid RecordingUrl RecordingStatus CallbackSource StatusCallbackEvent Direction"
    " AnsweredBy ErrorUrl TranscriptionEvent StreamEvent MessageSid SmsSid MessageStatus From To bodySHA256".split()
)
VALUES = st.sampled_from(
    "CA1 CA2 AC1 AC2 ringing in-progress completed busy 1 hangup outbound-api call-progress-events {} % + &".split()
)
FORMS = st.lists(st.tuples(NAMES | TEXT, VALUES | TEXT), max_size=12).map(urlencode).map(str.encode)
PATHS = st.sampled_from(
    "/menu /menu /menu/1?step=1 /menu/1 /menu/2?step=9 /menu/status /menu/recording /menu/transcription /menu/hours"
    " /menu?CallSid=CA1&AccountSid=AC2 /sees /sees/status /machine /machine/a/b / /nonesuch /menu/%00 /menu?%".split()
)


@pytest.fixture
def runner(folder):
    """A loop with a daemon that stays for all examples."""
    for name, text in RECIPES.items():
        folder[name] = text
    with asyncio.Runner() as runner:
        own = Settings(host="127.0.0.1", port=0, admin_port=0, auth_token=TOKEN, accounts={"AC2": TOKEN})
        daemon = Daemon(own, catalogue.load(str(folder)))
        runner.run(daemon.start())
        yield runner, daemon
        runner.run(daemon.stop())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, FORMS | st.binary(max_size=80))
def test_any_form_that_is_signed_is_answered_or_refused_in_one_line(runner, path, body):
    loop, daemon = runner
    with capture_logs() as events:
        reply = loop.run(post_raw(daemon, path, body))
        next_one = loop.run(post(daemon, "/menu", a_call("CA9")))

    assert reply.status in (200, 400, 403, 404, 413)
    if reply.status == 200:
        assert reply.verbs or reply.text == NOTHING
    else:
        assert (reply.text.count("\n"), reply.text[-1]) == (1, "\n")
        assert reply.status != 403, "it is signed by the token of its account"
    assert sum(each["event"] == "refused" for each in events) == (reply.status != 200)
    assert [each for each in events if each.get("exc_info") or each["log_level"] in ("error", "critical")] == []
    assert next_one.verbs[0].startswith('<Gather action="/menu/1?step=')
