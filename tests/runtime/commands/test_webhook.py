"""`switchhook webhook`: what it takes, what it says of it, and what it says of what it can't take."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from runtime.commands import main

FORM = "AccountSid=AC2&CallSid=CA1&CallStatus=in-progress&From=%2B14155550100&Digits=1&colour=r%C3%B6t"
REQUEST = (
    "POST /menu/1.3?step=2 HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    f"I-Twilio-Idempotency-Token: x\r\n\r\n{FORM}"
)
ALERT = {
    "sid": "NO1",
    "alert_text": "Msg",
    "error_code": "11200",
    "request_method": "POST",
    "request_url": "https://example.com/menu/1.3?step=2",
    "request_variables": FORM,
    "response_body": None,
}
RECORD = """\
***Start of Twilio Record***********************
Account Sid is "AC2"
Call Status is "in-progress"
Call Sid is "CA1"
Custom Params is [{"colour", "röt"}]

from Number is "+14155550100"

Digits is "1"
***End of Twilio Record*************************
"""
HEADLINE = "gather_response of call CA1: gather action with digits"
TOLD = f"""\
kind: gather_response, because it has Digits or SpeechResult
event: gather action with digits, because it has Digits

{HEADLINE}
{RECORD}"""
TOLD_WHERE = TOLD.replace("\n\n", "\nwhere: recipe menu, 1.3, step 2\n\n", 1)
GET = "odd: it is a GET, and would be refused, unless its recipe has a handle_request"
TOLD_GET = TOLD_WHERE.replace("\n\n", f"\n{GET}\n\n", 1)


@pytest.fixture
def explain(run, tmp_path):
    """Write something to a file and have it explained."""

    def explain(captured: str | bytes, *options: object):
        file = tmp_path / "captured"
        file.write_bytes(captured.encode() if isinstance(captured, str) else captured)
        return run("webhook", "captured", *options)

    return explain


@pytest.mark.parametrize(
    ("captured", "told"),
    [
        (FORM, TOLD),
        (f"\ufeff{FORM}\r\n", TOLD),
        (FORM.replace("&", "\n    &"), TOLD),
        (FORM.replace("&", "&\n"), TOLD),
        (f"?{FORM}", TOLD),
        (f"/menu/1.3?step=2&{FORM}", TOLD_WHERE),
        (f"https://example.com/menu/1.3?step=2&{FORM}", TOLD_WHERE),
        (REQUEST, TOLD_WHERE),
        (REQUEST.replace("\r\n", "\n"), TOLD_WHERE),
        (f"GET /menu/1.3?step=2&{FORM} HTTP/1.1\r\nHost: example.com\r\n\r\n", TOLD_GET),
        (f"GET https://example.com/menu/1.3?step=2&{FORM} HTTP/2", TOLD_GET),
        (f"POST /menu/1.3?step=2 HTTP/1.1\n\n{FORM}", TOLD_WHERE),
        (json.dumps(ALERT), TOLD_WHERE),
        (json.dumps(ALERT | {"request_url": None}), TOLD),
        (json.dumps({"alerts": [ALERT], "meta": {}}), TOLD_WHERE),
        (json.dumps([ALERT, ALERT]), f"{TOLD_WHERE}\n{TOLD_WHERE}"),
        (json.dumps({**ALERT, "request_variables": {"CallSid": "CA1", "Digits": "1"}}), None),
        (json.dumps({"CallSid": "CA1", "Digits": 1, "From": None}), None),
    ],
)
def test_every_way_a_request_is_captured(explain, captured, told):
    result = explain(captured)

    assert (result.exit_code, result.stderr) == (0, "")
    assert HEADLINE in result.stdout
    if told is not None:
        assert result.stdout == told


def test_standard_input():
    result = CliRunner().invoke(main, ["webhook", "-"], input=FORM)

    assert (result.exit_code, result.stdout) == (0, TOLD)


def test_the_command_itself(run_process, tmp_path):
    (tmp_path / "captured").write_text(REQUEST, encoding="utf-8")

    done = run_process("webhook", "captured")

    assert (done.returncode, done.stderr) == (0, "")
    assert HEADLINE in done.stdout


@pytest.mark.parametrize(
    ("path", "kind", "why"),
    [
        ("/menu", "start_call", "its URL is the recipe's own, and nothing was keyed or said"),
        ("/menu/1.2", "goto_state", "its URL names 1.2, and nothing was keyed or said"),
        ("/menu/recording", "recording_notification", "its URL ends in /recording"),
        ("/menu/status", "call_status", "its URL ends in /status"),
        ("/other/menu/1.2", "goto_state", "its URL names menu/1.2, and nothing was keyed or said"),
    ],
)
def test_the_kind_is_told_by_the_url_first(explain, path, kind, why):
    assert f"kind: {kind}, because {why}\n" in explain(f"POST {path} HTTP/1.1\n\nCallSid=CA1").stdout


def test_recipes_are_under_the_public_url(explain, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://example.com/ivr")

    assert "where: recipe menu, 1.2\n" in explain("POST /ivr/menu/1.2 HTTP/1.1\n\nCallSid=CA1").stdout
    assert "where: recipe menu, 1.2\n" in explain("POST /menu/1.2 HTTP/1.1\n\nCallSid=CA1").stdout


def test_a_message_is_of_no_calls_kind(explain):
    result = explain("MessageSid=SM1&Body=hello&From=%2B1&To=%2B2&NumMedia=0")

    assert result.stdout.startswith("event: message, because it has MessageSid\n\nmessage SM1\n***Start of")
    assert 'Body is "hello"\nNum Media is 0\n' in result.stdout


def test_a_messages_fallback_is_no_calls_either(explain):
    result = explain("MessageSid=SM1&Body=hello&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fexample.com%2Fsms")

    assert result.stdout.startswith("event: fallback request, because it has ErrorUrl\n\nfallback request SM1\n")


def test_what_is_odd_is_said(explain):
    result = explain("CallStatus=ringing&SpeechResult=a&SpeechResult=b&Confidence=high&AddOns=")

    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line.startswith("odd")] == [
        "odd: it has no CallSid, and would be refused",
        "odd: SpeechResult came 2 times; the first counts",
        "odd: Confidence is no number; it stays in custom_params",
    ]
    assert 'Speech Result is "a"' in result.stdout


def odd(result):
    return [line.removeprefix("odd: ") for line in result.stdout.splitlines() if line.startswith("odd: ")]


@pytest.mark.parametrize(
    ("captured", "line"),
    [
        (f"PUT /menu HTTP/1.1\n\n{FORM}", "it is a PUT, and would be refused"),
        (json.dumps(ALERT | {"request_method": "GET"}), GET.removeprefix("odd: ")),
        (f"CallSid=CA{'1' * 100}", "its CallSid has 102 characters, and would be refused; Twilio's have 34"),
        (f"MessageSid=SM{'1' * 63}", "its MessageSid has 65 characters, and would be refused; Twilio's have 34"),
        ("/menu?ConferenceSid=CF1&FriendlyName=room", "it has no CallSid, and would be refused"),
        (
            f"/menu/status?ConferenceSid=CF1&CallSidEndingConference=CA{'1' * 63}",
            "its CallSid has 65 characters, and would be refused; Twilio's have 34",
        ),
    ],
)
def test_what_the_daemon_would_refuse_is_odd(explain, captured, line):
    assert odd(explain(captured)) == [line]


@pytest.mark.parametrize(
    "captured",
    [
        "/menu/status?ConferenceSid=CF1&StatusCallbackEvent=conference-start",
        "/menu/status?ConferenceSid=CF1&StatusCallbackEvent=conference-end&CallSidEndingConference=CA1",
        "ConferenceSid=CF1&StatusCallbackEvent=conference-start",
        "/menu/recording?ConferenceSid=CF1&RecordingSid=RE1&RecordingStatus=completed",
        f"CallSid=CA{'1' * 62}",
        "MessageSid=SM1&Body=hello",
        json.dumps(ALERT),
        REQUEST,
    ],
)
def test_what_the_daemon_takes_is_not(explain, captured):
    result = explain(captured)

    assert (result.exit_code, odd(result)) == (0, [])


def test_what_is_told_of_a_leg_is_of_the_call_that_has_dialled_it(explain):
    result = explain("/menu/status?CallSid=CA2&ParentCallSid=CA1&CallStatus=completed&CallDuration=7")

    assert result.stdout.splitlines()[:6] == [
        "kind: call_status, because its URL ends in /status",
        "event: status of a dialled leg, because it has CallDuration",
        "where: recipe menu, status",
        "leg: CA2, which the call CA1 has dialled and is told of",
        "",
        "call_status of call CA1: status of a dialled leg",
    ]


def test_the_callers_own_fields_of_a_url_count_but_not_the_step(explain):
    result = explain("POST /menu?step=2&colour=red HTTP/1.1\n\nCallSid=CA1")

    assert 'Custom Params is [{"colour", "red"}]' in result.stdout


def test_nothing_in_it_gives_orders_to_the_terminal(explain):
    result = explain(
        "POST /menu/%1b%5b31m%0a?x=%9b HTTP/1.1\n\nCallSid=CA1%1b%5b2J&%1b=%1b&SipHeader_%1b=1&Digits=1&%07=1&%07=2"
    )

    assert result.exit_code == 0
    assert all(line.isprintable() for line in result.stdout.split("\n"))


TAKEN = "a form, a query string, an HTTP request, or JSON: an alert or an object of fields"


@pytest.mark.parametrize(
    ("captured", "line"),
    [
        ("", f"is empty; it is to hold {TAKEN}"),
        (" \r\n", f"is empty; it is to hold {TAKEN}"),
        ("hello", f"has no name=value; it is to hold {TAKEN}"),
        (b"\x7fELF\0", f"is no text; it is to hold {TAKEN}"),
        ("CallSid=CA1\nDigits=1", "line 1 and the next aren't joined by &; a form is one line, or folded at its &"),
        (
            "{",
            "begins like JSON and isn't: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ("[" * 100_000, "begins like JSON and isn't: "),
        ("{}", "is an object without fields"),
        ("[]", "is an empty list"),
        ('["CallSid=CA1"]', f"is JSON, but no object; it is to hold {TAKEN}"),
        (
            json.dumps(ALERT | {"request_variables": ""}),
            "the alert NO1 has no request_variables; a list leaves them out: fetch /v1/Alerts/NO1",
        ),
        (
            "POST /menu HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}",
            "is a request with JSON; Twilio's webhooks are forms",
        ),
        ("POST /menu HTTP/1.1\r\nHost: x\r\n\r\n", "has no fields"),
        ("https://example.com/menu", "has no fields"),
        ("/menu?step=2", "has no fields"),
        ("https://[/menu?a=b", "Invalid IPv6 URL"),
        ("&".join(f"f{number}=1" for number in range(1001)), "a form of more than 1000 fields"),
    ],
)
def test_what_it_cannot_take_is_said_in_a_line(explain, captured, line):
    result = explain(captured)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"captured: {line}")
    assert len(result.stderr.splitlines()) == 1


def test_a_file_that_is_not_there(run, tmp_path):
    result = run("webhook", "nonesuch")

    assert result.exit_code == 2
    assert "'nonesuch': No such file or directory" in result.stderr


def test_bytes_that_are_no_utf_8(explain):
    result = explain(b"CallSid=CA1&FromCity=Z\xfcrich&ToCity=Z%FCrich")

    assert result.exit_code == 0
    assert 'from City is "Z\ufffdrich"' in result.stdout
    assert 'to City is "Z\ufffdrich"' in result.stdout
