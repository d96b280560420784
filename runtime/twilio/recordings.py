"""A recording's sound. It can be fetched some seconds after the call; until then Twilio answers 404."""

from __future__ import annotations

import re

from runtime.twilio.errors import InvalidRequest, NoRecording
from runtime.twilio.transport import Transport

FORMATS = {"wav": "audio/x-wav", "mp3": "audio/mpeg"}
SOUND = ("audio/", "application/octet-stream", "binary/octet-stream")
NEVER = frozenset({"absent", "deleted", "failed"})
"""Statuses of a recording that can't be fetched, now or later."""
LONGEST = 10.0
"""Seconds between two tries, at most."""
_URL = re.compile(r"(?i:https?)://[^?#]*(/2010-04-01/Accounts/AC\w+/Recordings/RE\w+)(\.\w+)?([?#].*)?", re.ASCII)


def path_of(recording: str, account: str) -> str:
    """The path of a recording, from its SID or from the `RecordingUrl` of a webhook.

    Only the path of a URL counts: the account's credentials go to its own API, wherever a URL points.

    >>> path_of("RE1", "/2010-04-01/Accounts/AC1")
    '/2010-04-01/Accounts/AC1/Recordings/RE1'
    >>> path_of("https://api.twilio.com/2010-04-01/Accounts/AC2/Recordings/RE1.mp3", "/2010-04-01/Accounts/AC1")
    '/2010-04-01/Accounts/AC2/Recordings/RE1'
    """
    if re.fullmatch(r"RE\w+", recording, re.ASCII):
        return f"{account}/Recordings/{recording}"
    found = _URL.fullmatch(recording)
    if found is None:
        raise InvalidRequest(f"{recording!r} is neither a recording's SID, like RE…, nor its RecordingUrl")
    return found[1]


async def fetch(transport: Transport, path: str, format: str, patience: float) -> bytes:
    """The sound at a path, waited for `patience` seconds at most.

    Raises:
        NoRecording: it isn't there in time, or never will be, or what is there is no sound.
        TwilioError: refused, or not to be had.
    """
    if format not in FORMATS:
        raise InvalidRequest(f"format is {format!r}; there is {' and '.join(FORMATS)}")
    clock = transport.patience.clock
    until, pause = clock.now() + patience, 1.0
    while True:
        answer = await transport.exchange("GET", f"{path}.{format}", [], FORMATS[format])
        if answer.status != 404:
            break
        record = await transport.exchange("GET", f"{path}.json", [])
        told = record.json() if record.status == 200 else None
        status = told.get("status") if isinstance(told, dict) else None
        if status in NEVER:
            raise NoRecording(f"{path} is {status}: it can't be fetched", status=404)
        left = until - clock.now()
        if left <= 0:
            raise NoRecording(
                f"{path} is still not there after {patience:g} s; it is {status or 'unknown'}", status=404
            )
        await transport.patience.wait(min(pause, left))
        pause = min(pause * 2, LONGEST)
    kind = transport.checked("GET", f"{path}.{format}", answer).headers.get("Content-Type", "")
    if not kind.lower().startswith(SOUND):
        raise NoRecording(f"{path}.{format} is {kind or 'of no type'}, not sound", status=answer.status)
    if not answer.body:
        raise NoRecording(f"{path}.{format} is empty", status=answer.status)
    return answer.body
