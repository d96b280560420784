"""Who speaks for whom, and what a signature that was overheard is good for: a whole request again, and nothing else."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl, unquote_plus

import pytest
from multidict import MultiDict
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from tests.actors.test_webhook_requests import CONFERENCE, OVER, RECORDED, ROWS, STANDARD, TALKING
from tests.runtime.subscribed import MENU
from tests.wire import FORM, PROXY, SIGNATURE, TOKEN, origin, post_raw, send, signed
from twiml import NOTHING

THEIRS = "the token of sub-account AC9"
ASKS = f"FunctionExt(fn=see), {MENU}"
ACCOUNTS = {"accounts": {"AC9": THEIRS}}
DIGITS = ROWS["CAP-3 gather, digits"][1]


def as_account(body: str, *accounts: str) -> str:
    """A form of AC2's as another account's, or as that of several."""
    return body.replace("AccountSid=AC2", "&".join(f"AccountSid={account}" for account in accounts))


# --- accounts ------------------------------------------------------------------------------------

# query, the accounts of the form in order, whose token is good
SPEAKERS = {
    "a form of the sub-account's": ("", ["AC9"], THEIRS),
    "a form of both, the main one first": ("", ["AC2", "AC9"], TOKEN),
    "a form of both, the sub-account first": ("", ["AC9", "AC2"], THEIRS),
    "a form of nobody's": ("", [""], TOKEN),
    "a query of the sub-account's, a form of the main one's": ("?AccountSid=AC9", ["AC2"], TOKEN),
    "a query of the main one's, a form of the sub-account's": ("?AccountSid=AC2", ["AC9"], THEIRS),
    "a query of the sub-account's, a form of nobody's": ("?AccountSid=AC9", [""], TOKEN),
    "a query of the sub-account's, a form without": ("?AccountSid=AC9", [], THEIRS),
    "a query of both, a form without": ("?AccountSid=AC2&AccountSid=AC9", [], TOKEN),
    "another spelling": ("", ["ac9"], TOKEN),
    "a query with another spelling": ("?accountsid=AC9", [], TOKEN),
    "percent-encoded": ("", ["%41C9"], THEIRS),
    "an account nobody knows": ("", ["AC404"], TOKEN),
}


@pytest.mark.parametrize("name", SPEAKERS)
async def test_the_account_that_a_call_is_of_is_the_one_whose_token_signed(begin, name):
    """The first of several in a form, and what a URL says only where the form says nothing."""
    query, accounts, good = SPEAKERS[name]
    begun = await begin(verb="", **ACCOUNTS)
    body = as_account(f"{STANDARD}&CallStatus=ringing", *accounts)

    others = {TOKEN, THEIRS} - {good}
    refused = [await post_raw(begun.daemon, f"/flow{query}", body, token=token) for token in others]
    taken = await post_raw(begun.daemon, f"/flow{query}", body, token=good)

    assert [reply.status for reply in (*refused, taken)] == [403, 200]
    spoken_for = begun.flow.seen[0][0].get("AccountSid")
    assert (THEIRS if spoken_for == "AC9" else TOKEN) == good
    assert len(begun.flow.seen) == 1


FOREIGN = {
    "a key": ("/flow/1?step=1", DIGITS),
    "its own URL": ("/flow", TALKING),
    "its end": ("/flow/status", f"{OVER}&CallDuration=1"),
    "its end at its own URL": ("/flow", f"{OVER}&CallbackSource=call-progress-events"),
    "an action after the end": ("/flow/1?step=1", f"{OVER}&Digits=hangup"),
    "a recording": ("/flow/recording", f"AccountSid=AC2&CallSid=CA1&RecordingStatus=completed{RECORDED}"),
    "who picked up": ("/flow/status", ROWS["4.5 asynchronous machine detection"][1]),
    "a leg": ("/flow/status", f"{TALKING}&ParentCallSid=CA1&CallbackSource=x".replace("CallSid=CA1", "CallSid=CA7", 1)),
    "a conference": ("/flow/status", f"{CONFERENCE}&StatusCallbackEvent=conference-end&CallSidEndingConference=CA1"),
    "a fallback": ("/flow", f"{TALKING}&ErrorUrl=https%3A%2F%2Fexample.com&ErrorCode=11200"),
    "two accounts, its own first": ("/flow/1?step=1", f"{DIGITS}&%41ccountSid=AC2"),
}


@pytest.mark.parametrize("what", FOREIGN)
async def test_a_sub_account_speaks_of_nobody_else_s_call(begin, what):
    """Its token is good for its own calls: of another's it is answered nothing, and nothing comes of it."""
    begun = await begin(**ACCOUNTS)
    path, body = FOREIGN[what]

    with capture_logs() as events:
        reply = await post_raw(begun.daemon, path, as_account(body, "AC9"), token=THEIRS)
    await begun.settled()

    assert (reply.status, reply.text) == (200, NOTHING)
    assert "foreign_account" in [each["event"] for each in events]
    assert begun.events == begun.flow.seen == []
    assert len(await begun.daemon.journal.history("CA1")) == 1
    own = await post_raw(begun.daemon, "/flow/1?step=1", DIGITS)
    assert "seen" in own.text, "its own account's word goes on from where it was"


async def test_nor_does_the_main_account_speak_of_a_sub_account_s(begin):
    begun = await begin(verb="", **ACCOUNTS)
    await post_raw(begun.daemon, "/flow", as_account(f"{STANDARD}&CallStatus=ringing", "AC9"), token=THEIRS)

    replies = [await post_raw(begun.daemon, *each) for each in FOREIGN.values()]
    await begun.settled()

    assert {(reply.status, reply.text) for reply in replies} == {(200, NOTHING)}
    assert (begun.events, len(begun.flow.seen)) == ([], 1)
    assert (await begun.daemon.journal.load("CA1")).status == "in-progress"


# --- a signature on something else ---------------------------------------------------------------

SIGNED = ("POST", "/flow/1?step=1&tenant=7", DIGITS)
ELSEWHERE = {
    "another state": ("POST", "/flow/2?step=1&tenant=7", DIGITS),
    "another recipe": ("POST", "/other/1?step=1&tenant=7", DIGITS),
    "a callback": ("POST", "/flow/status?step=1&tenant=7", DIGITS),
    "a slash more": ("POST", "/flow/1/?step=1&tenant=7", DIGITS),
    "another step": ("POST", "/flow/1?step=2&tenant=7", DIGITS),
    "a query less": ("POST", "/flow/1", DIGITS),
    "a query more": ("POST", "/flow/1?step=1&tenant=7&x", DIGITS),
    "a query in another order": ("POST", "/flow/1?tenant=7&step=1", DIGITS),
    "a query that is encoded": ("POST", "/flow/1?step=1&tenant=%37", DIGITS),
    "a path that is encoded": ("POST", "/flow/%31?step=1&tenant=7", DIGITS),
    "GET, the form in the query": ("GET", f"/flow/1?step=1&tenant=7&{DIGITS}", None),
    "GET without the form": ("GET", "/flow/1?step=1&tenant=7", None),
    "PUT of another form": ("PUT", "/flow/1?step=1&tenant=7", f"{DIGITS}&x=1"),
    "another value": ("POST", SIGNED[1], DIGITS.replace("Digits=300", "Digits=9")),
    "another call": ("POST", SIGNED[1], DIGITS.replace("CallSid=CA1", "CallSid=CA2")),
    "a field more": ("POST", SIGNED[1], f"{DIGITS}&SpeechResult=I+want+sales."),
    "an empty field more": ("POST", SIGNED[1], f"{DIGITS}&SpeechResult="),
    "a second value": ("POST", SIGNED[1], f"Digits=9&{DIGITS}"),
    "a field less": ("POST", SIGNED[1], DIGITS.replace("&Digits=300", "")),
    "an empty field without its name": ("POST", SIGNED[1], DIGITS.replace("&FinishedOnKey=", "")),
    "a name in small letters": ("POST", SIGNED[1], DIGITS.replace("Digits", "digits")),
    "a blank more": ("POST", SIGNED[1], DIGITS.replace("Gather+End", "Gather+End+")),
    "no form": ("POST", SIGNED[1], ""),
}


@pytest.mark.parametrize("what", ELSEWHERE)
async def test_a_signature_is_good_for_no_other_request(begin, folder, what):
    folder["other"] = 'recipe = [Say("other")]'
    begun = await begin()
    headers = {**PROXY, "Content-Type": FORM, **signature_of(begun.daemon)}
    method, path, body = ELSEWHERE[what]

    with capture_logs() as events:
        reply = await send(method, begun.daemon, path, body, headers)

    assert (reply.status, reply.text.count("\n")) == (403, 1)
    assert [(each["event"], each["status"]) for each in events] == [("refused", 403)]
    assert "tenant" not in str(events), "a query may hold what nobody else is to know"
    assert len(await begun.daemon.journal.history("CA1")) == 1


def signature_of(daemon, body: str = DIGITS) -> dict[str, str]:
    return signed(origin(daemon) + SIGNED[1], parse_qsl(body, keep_blank_values=True))


def encoded(field: str) -> str:
    """Every character as a percent sign and its number."""
    return "=".join("".join(f"%{ord(each):02x}" for each in unquote_plus(part)) for part in field.split("="))


SAME = {
    "in another order": "&".join(reversed(DIGITS.split("&"))),
    "blanks as %20": DIGITS.replace("+", "%20"),
    "everything encoded": "&".join(map(encoded, DIGITS.split("&"))),
    "a field twice": f"{DIGITS}&Digits=300",
    "with more that separates": DIGITS.replace("&", "&&"),
}
"""The same fields, spelt otherwise: what is signed is what they say."""


@pytest.mark.parametrize("spelt", SAME)
async def test_the_same_fields_spelt_otherwise_are_the_same_request(begin, spelt):
    begun = await begin()
    headers = {**PROXY, "Content-Type": FORM, **signature_of(begun.daemon)}

    first = await send("POST", begun.daemon, SIGNED[1], DIGITS, headers)
    again = await send("POST", begun.daemon, SIGNED[1], SAME[spelt], headers)

    assert (again.status, again.text) == (200, first.text)
    assert (len(begun.flow.seen), len(await begun.daemon.journal.history("CA1"))) == (1, 2)


async def test_whatever_is_changed_in_a_form_we_say_what_the_sdk_says(begin):
    """A sign at a time, wherever it stands. That `=` is no part of what is signed is Twilio's own doing."""
    begun = await begin()
    form = "CallSid=CA1&Digits=300&a=b"
    url, header = origin(begun.daemon) + SIGNED[1], signature_of(begun.daemon, form)
    verdicts = Counter()

    for at in range(len(form)):
        for sign in ("", "&", "=", "+", "%00", "C", "é", form[at] * 2):
            changed = form[:at] + sign + form[at + 1 :]
            pairs = parse_qsl(changed, keep_blank_values=True)
            good = RequestValidator(TOKEN).validate(url, MultiDict(pairs), header[SIGNATURE])
            reply = await send("POST", begun.daemon, SIGNED[1], changed, {"Content-Type": FORM, **header})
            assert (reply.status != 403, reply.status < 500) == (good, True), changed
            verdicts[good] += 1

    assert verdicts[False] > 10 * verdicts[True] > 0


# --- the whole request again ---------------------------------------------------------------------

CALL = [
    ("/flow", f"{STANDARD}&CallStatus=ringing"),
    ("/flow/2?step=1", DIGITS),
    ("/flow/recording?step=2", ROWS["CAP-5 recording status"][1]),
    ("/flow/status", f"{OVER}&SequenceNumber=3&CallDuration=49&CallbackSource=call-progress-events"),
]


@pytest.mark.parametrize("times", [1, 3])
async def test_a_whole_call_again_with_its_tokens_is_answered_the_same_and_does_nothing(begin, times):
    begun = await begin(verb=ASKS)
    first = [await post_raw(begun.daemon, *each, tried_as=f"try {n}") for n, each in enumerate(CALL)]
    await begun.settled()
    rows, told, seen = await begun.daemon.journal.history("CA1"), list(begun.events), len(begun.flow.seen)

    for _ in range(times):
        again = [await post_raw(begun.daemon, *each, tried_as=f"try {n}") for n, each in enumerate(CALL)]
        assert [reply.text for reply in again] == [reply.text for reply in first]
    await begun.settled()

    assert (begun.events, len(begun.flow.seen)) == (told, seen) == (["recording", "status", "completion"], 2)
    assert await begun.daemon.journal.history("CA1") == rows


@pytest.mark.parametrize("tried_as", ["", "made up"], ids=["new tokens", "one token"])
@pytest.mark.parametrize("upto", range(1, len(CALL) + 1))
async def test_a_call_again_with_tokens_made_up_runs_no_callout_twice_and_ends_no_more(begin, upto, tried_as):
    """The token is not signed: whoever overheard a request may put another beside it."""
    begun = await begin(verb=ASKS)
    for path, body in CALL[:upto]:
        await post_raw(begun.daemon, path, body)
    await begun.settled()
    stands, seen = await begun.daemon.journal.load("CA1"), len(begun.flow.seen)

    again = [
        await post_raw(begun.daemon, path, body, tried_as=tried_as and f"{tried_as} {path}")
        for path, body in CALL[:upto]
    ]
    await begun.settled()

    assert {reply.status for reply in again} == {200}
    assert len(begun.flow.seen) == seen
    after = await begun.daemon.journal.load("CA1")
    assert (after.status, after.machine["state"], after.taken) == (stands.status, stands.machine["state"], stands.taken)
    assert (begun.events.count("completion"), begun.events.count("recording")) == (upto == 4, upto >= 3)
    counts = begun.daemon.status()["calls"]
    assert (counts["started"], counts["completed"], counts["failed"]) == (1, upto == 4, 0)
