"""The form fields on the wire, against published captures of real requests (their shape; identifiers are invented)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from runtime.softphone import Answer, HangUp, Press, Speak
from runtime.softphone.fields import encode, geography

# The first request of an inbound call, as captured.
CAPTURED_FIRST = (
    "AccountSid=AC&ApiVersion=2010-04-01&CallSid=CA&CallStatus=ringing&Called=%2B14155550199&CalledCity="
    "&CalledCountry=US&CalledState=CA&CalledZip=&Caller=%2B14155550100&CallerCity=SAN+RAFAEL&CallerCountry=US"
    "&CallerState=CA&CallerZip=94903&Direction=inbound&From=%2B14155550100&FromCity=SAN+RAFAEL&FromCountry=US"
    "&FromState=CA&FromZip=94903&StirVerstat=TN-Validation-Passed-A&To=%2B14155550199&ToCity=&ToCountry=US"
    "&ToState=CA&ToZip=&CallToken=%7B%22parentCallInfoToken%22%3A%22%22%7D"
)
FIRST = dict(parse_qsl(CAPTURED_FIRST, keep_blank_values=True))
STANDARD = set(FIRST) - {"StirVerstat", "CallToken"}
RECORDING_CALLBACK = {
    "RecordingSource",
    "RecordingTrack",
    "RecordingSid",
    "RecordingUrl",
    "RecordingStatus",
    "RecordingChannels",
    "ErrorCode",
    "CallSid",
    "RecordingStartTime",
    "AccountSid",
    "RecordingDuration",
}
TRANSCRIPTION_CALLBACK = {
    "ApiVersion",
    "TranscriptionType",
    "TranscriptionUrl",
    "TranscriptionSid",
    "Called",
    "RecordingSid",
    "CallStatus",
    "RecordingUrl",
    "From",
    "Direction",
    "url",
    "AccountSid",
    "TranscriptionText",
    "Caller",
    "TranscriptionStatus",
    "CallSid",
    "To",
}
STATUS = {"Timestamp", "CallbackSource", "SequenceNumber", "Duration", "CallDuration", "SipResponseCode"}


async def test_the_first_request_is_the_captured_one(app):
    """Every field, with the values that don't identify anybody."""
    await app.run()
    form = app.forms[0]
    assert set(form) == set(FIRST)
    varies = {"AccountSid", "CallSid", "CallToken", "CalledState", "ToState"}
    assert {name: form[name] for name in form if name not in varies} == {
        name: FIRST[name] for name in FIRST if name not in varies
    }
    assert re.fullmatch("CA[0-9a-f]{32}", form["CallSid"])
    assert re.fullmatch("AC[0-9a-f]{32}", form["AccountSid"])
    assert form["CallToken"].startswith('{"parentCallInfoToken":"')


async def test_a_call_keeps_its_identifiers(app):
    """In every request, callbacks included."""
    app["/voice"] = '<Record action="/2" recordingStatusCallback="/3" transcribe="true" transcribeCallback="/4"/>'
    call = app.call(call_sid="CA1", account_sid="AC1", status_callback=app.url("/5"))
    await call.run()
    assert call.call_sid == "CA1"
    assert {(form["CallSid"], form["AccountSid"]) for form in app.forms} == {("CA1", "AC1")}
    assert app.paths == ["/voice", "/2", "/3", "/5", "/4"]


async def test_actions_carry_the_standard_fields_and_their_own(app):
    """Gather with digits, Gather with speech, Dial, Record after a hang-up."""
    app["/voice"] = '<Gather action="/digits" numDigits="1"/>'
    app["/digits"] = '<Gather input="speech" action="/speech"/>'
    app["/speech"] = '<Dial record="record-from-answer" action="/dial">+1</Dial>'
    app["/dial"] = '<Record action="/record"/>'
    await app.run(Press("1"), Speak("yes"), Answer(), Speak("message"), HangUp())
    recording = {"RecordingUrl", "RecordingSid", "RecordingDuration"}
    assert set(app.form("/digits")) == STANDARD | {"Digits", "FinishedOnKey", "msg"}
    assert set(app.form("/speech")) == STANDARD | {"SpeechResult", "Confidence"}
    dial = {"DialCallStatus", "DialCallSid", "DialCallDuration", "DialBridged"}
    assert set(app.form("/dial")) == STANDARD | recording | dial
    assert set(app.form("/record")) == STANDARD | recording | {"Digits"}


async def test_a_recordings_callback_has_no_from_and_no_to(app):
    """Only whose it is."""
    app["/voice"] = '<Record recordingStatusCallback="/recording" action="/2"/>'
    await app.run()
    form = app.form("/recording")
    assert set(form) == RECORDING_CALLBACK
    assert (form["RecordingSource"], form["RecordingStatus"], form["ErrorCode"]) == ("RecordVerb", "completed", "0")
    assert parsedate_to_datetime(form["RecordingStartTime"]).tzinfo is not None


async def test_a_transcriptions_callback_is_the_captured_one(app):
    """Every field."""
    app["/voice"] = '<Record transcribe="true" transcribeCallback="/words" action="/2"/>'
    await app.run(Speak("hello there."))
    assert set(app.form("/words")) == TRANSCRIPTION_CALLBACK


async def test_the_status_callback_goes_to_the_voice_url_by_default(app):
    """It comes last, is terminal, and has no TwiML request's fields."""
    app["/voice"] = ["<Say>one two three four five</Say>", ""]
    await app.run(status_callback=app.url("/voice"))
    transcript = await app.run(path="/same")
    assert app.paths == ["/voice", "/voice", "/same"]
    form = app.forms[1]
    assert set(form) == STANDARD | STATUS
    assert form["CallStatus"] == "completed"
    assert form["CallbackSource"] == "call-progress-events"
    assert (form["CallDuration"], form["Duration"], form["SipResponseCode"]) == ("2", "1", "200")
    assert abs((parsedate_to_datetime(form["Timestamp"]) - datetime.now(UTC)).total_seconds()) < 60
    assert [request.purpose for request in transcript.requests] == ["voice"]


async def test_same_is_the_default(app):
    """As the library this one follows has it."""
    from runtime.softphone import Call

    await Call(app.url("/voice"), auth_token="12345").run()
    assert app.paths == ["/voice", "/voice"]
    assert app.forms[1]["CallbackSource"] == "call-progress-events"


async def test_busy_costs_nothing_and_says_486(app):
    """CallDuration=0 and Duration=0."""
    app["/voice"] = '<Reject reason="busy"/>'
    await app.run(status_callback=app.url("/status"))
    form = app.form("/status")
    assert (form["CallStatus"], form["SipResponseCode"]) == ("busy", "486")
    assert (form["CallDuration"], form["Duration"]) == ("0", "0")


async def test_an_outbound_call_is_asked_for_when_it_is_picked_up(app):
    """CallStatus=in-progress, Direction=outbound-api, and nobody vouches for its caller."""
    app["/voice"] = '<Gather numDigits="1" action="/2"/>'
    await app.run(Press("1"), direction="outbound-api", status_callback=app.url("/status"))
    assert set(app.forms[0]) == STANDARD
    assert (app.forms[0]["CallStatus"], app.forms[0]["Direction"]) == ("in-progress", "outbound-api")
    assert app.form("/2")["Digits"] == "1"
    assert app.form("/status")["CallStatus"] == "completed"


async def test_an_outbound_call_that_is_not_picked_up_never_asks(app):
    """Only the status callback comes."""
    for outcome in ("busy", "no-answer", "failed"):
        app.requests.clear(), app.forms.clear()
        call = app.call(Answer(outcome), direction="outbound-api", status_callback=app.url("/status"))
        await call.run()
        assert call.status == outcome
        assert app.paths == ["/status"]
        assert app.forms[0]["CallStatus"] == outcome


async def test_a_hang_up_is_not_a_refusal(app):
    """A scripted HangUp waits for the call to be picked up."""
    app["/voice"] = "<Gather><Say>hi</Say></Gather>"
    assert (await app.run(HangUp(), direction="outbound-api")).said == ["hi"]


async def test_a_voice_sdk_call_names_its_app_and_has_no_geography(app):
    """From=client:jane, and neither StirVerstat nor CallToken."""
    await app.run(from_="client:jane", to="")
    form = app.forms[0]
    assert set(form) == {name for name in STANDARD if not re.search("City|State|Zip|Country", name)} | {
        "ApplicationSid"
    }
    assert form["From"] == form["Caller"] == "client:jane"
    assert form["To"] == form["Called"] == ""
    assert form["CallStatus"] == "ringing"


async def test_blanks_are_encoded_as_twilio_does(app):
    """`+` in ordinary fields, `%20` in Timestamp, RecordingStartTime and TranscriptionText."""
    app["/voice"] = '<Record recordingStatusCallback="/r" transcribe="true" transcribeCallback="/t" action="/2"/>'
    await app.run(Speak("hello there"), status_callback=app.url("/status"))
    bodies = dict(zip(app.paths, app.bodies, strict=True))
    assert "FromCity=SAN+RAFAEL" in bodies["/voice"]
    assert re.search("Timestamp=[A-Z][a-z]{2}%2C%20", bodies["/status"])
    assert re.search("RecordingStartTime=[A-Z][a-z]{2}%2C%20", bodies["/r"])
    assert "TranscriptionText=hello%20there" in bodies["/t"]


@given(st.dictionaries(st.text("Timesap", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))))
def test_every_parser_reads_what_we_encode(fields):
    """Empty values, blanks, plus signs, anything."""
    assert dict(parse_qsl(encode(fields), keep_blank_values=True)) == fields


def test_where_a_number_is():
    """Its country, as Twilio says it; what is no number has none."""
    assert geography("+441315101875")["Country"] == "GB"
    assert geography("anonymous")["Country"] == ""
    assert geography("")["Country"] == ""
