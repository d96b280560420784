"""Recordings: what the calls have recorded. All of them sound alike: a second of silence.

(Twilio's documentation: "Recording resource".)
"""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runtime.softphone.fields import Recording, rfc2822
from runtime.softphone.rest import calls
from runtime.softphone.rest.pages import Row, page
from runtime.softphone.rest.parameters import LIST_RECORDINGS
from runtime.softphone.rest.refusals import not_found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.softphone.rest.stand_in import Asked, StandIn


def fetch(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """A recording."""
    return shown(_found(twilio, asked))


def delete(twilio: StandIn, asked: Asked) -> None:
    """Forget a recording."""
    twilio.deleted.add(_found(twilio, asked).sid)


def listed(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """The account's recordings, or a call's."""
    if asked.call_sid:
        calls.fetch(twilio, replace(asked, sid=asked.call_sid))
    made = _made(twilio, asked)
    rows = [Row(shown(recording), recording.sid in twilio.deleted) for recording in made]
    return page("recordings", asked.path, LIST_RECORDINGS, asked.params, rows)


def _made(twilio: StandIn, asked: Asked) -> Iterator[Recording]:
    for call in reversed(twilio.calls.values()):
        if call.leg.account_sid == asked.account_sid:
            yield from (each for each in reversed(call.recordings) if asked.call_sid in ("", each.leg.call_sid))


def _found(twilio: StandIn, asked: Asked) -> Recording:
    found = next((each for each in _made(twilio, asked) if each.sid == asked.sid), None)
    if found is None or found.sid in twilio.deleted:
        raise not_found(asked.path)
    return found


def shown(recording: Recording) -> dict[str, Any]:
    """A recording's JSON."""
    uri = f"/2010-04-01/Accounts/{recording.leg.account_sid}/Recordings/{recording.sid}"
    date = rfc2822(recording.started)
    return {
        "account_sid": recording.leg.account_sid,
        "api_version": "2010-04-01",
        "call_sid": recording.leg.call_sid,
        "conference_sid": recording.conference or None,
        "date_created": date,
        "date_updated": date,
        "start_time": date,
        "duration": str(recording.seconds),
        "sid": recording.sid,
        "price": None,
        "price_unit": "USD",
        "status": "completed",
        "channels": recording.channels,
        "source": recording.source,
        "error_code": None,
        "uri": f"{uri}.json",
        "encryption_details": None,
        "subresource_uris": {
            "add_on_results": f"{uri}/AddOnResults.json",
            "transcriptions": f"{uri}/Transcriptions.json",
        },
        "media_url": recording.url,
    }


def wav() -> bytes:
    """A second of silence, as a telephone would record it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 8000))
    return file.getvalue()


def mp3() -> bytes:
    """The same in frames of MPEG 1, layer III, mono, 32 kbit/s at 44.1 kHz: a header, and nothing to hear."""
    frame = bytes([0xFF, 0xFB, 0x10, 0xC0]).ljust(104, b"\0")
    return frame * 38


SOUNDS = {"wav": ("audio/x-wav", wav), "mp3": ("audio/mpeg", mp3), None: ("audio/x-wav", wav)}
"""A recording's formats, by the ending of its path."""
