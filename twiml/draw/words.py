"""What a picture says of each state: the seed's words, read from the state that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twiml.extensions import DefaultExt, FunctionExt, ResponseExt
from twiml.program import State
from twiml.xml import Fragment, read

Words = tuple[str, str]
"""A state in words: what it is, and what of it."""


def words(state: State) -> Words:
    """The words for a state.

    >>> words(State("1", '<Say language="de">Guten Tag</Say>', "next"))
    ('SAY', '"Guten Tag" de')
    """
    payload = state.payload
    if isinstance(payload, str):
        found = read(payload)
        if found.closing:
            return f"end of {found.name[1:]}", "(wait for response)"
        return _VERBS[found.name](found)
    if isinstance(payload, ResponseExt):
        answered = payload.response or " or ".join(f'"{phrase}"' for phrase in payload.speech or ())
        return f"Response {answered} :", (payload.title or "").upper()
    if isinstance(payload, DefaultExt):
        return "Default :", (payload.title or "").upper()
    if isinstance(payload, FunctionExt):
        return "Call out to", f"{(payload.title or '').upper()} ({payload.module}:{payload.fn})"
    return "GOTO", state.transition


def _true(attributes: Mapping[str, str], name: str, word: str) -> str:
    return word if attributes.get(name, "false").lower() not in ("false", "do-not-record") else ""


def _some(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _say(say: Fragment) -> Words:
    return "SAY", _some(f'"{say.text}"', say.attributes.get("voice", ""), say.attributes.get("language", ""))


def _play(play: Fragment) -> Words:
    digits = play.attributes.get("digits")
    return "PLAY", _some(play.text, f"(keys {digits})" if digits else "")


def _pause(pause: Fragment) -> Words:
    return "PAUSE", f"for {pause.attributes.get('length', '1')} seconds"


def _gather(gather: Fragment) -> Words:
    inputs = gather.attributes.get("input", "dtmf").lower().split()
    asks = " or ".join(_INPUTS[each] for each in _INPUTS if each in inputs)
    key = gather.attributes.get("finishOnKey")
    return "GATHER", _some(f"(request {asks} Input)", f"(finish with: {key})" if key else "")


_INPUTS = {"dtmf": "Keypad", "speech": "Speech"}


def _record(record: Fragment) -> Words:
    found = record.attributes
    return "RECORD", _some(_true(found, "playBeep", "(beep)"), _true(found, "transcribe", "(transcribe)"))


def _dial(dial: Fragment) -> Words:
    return "DIAL", _true(dial.attributes, "record", "(to be recorded)")


def _conference(conference: Fragment) -> Words:
    found = conference.attributes
    return "CONFERENCE", _some(
        conference.text,
        _true(found, "muted", "(caller can't speak)"),
        _true(found, "beep", "(beep)"),
        _true(found, "startConferenceOnEnter", "(wait for conf admin)"),
        _true(found, "endConferenceOnExit", "(conf dies when this person leaves)"),
    )


def _sms(sms: Fragment) -> Words:
    return "SMS", f'"{sms.text}" - to {sms.attributes.get("to", "")}'


def _reject(reject: Fragment) -> Words:
    reason = reject.attributes.get("reason")
    return "REJECT", f"because {reason}" if reason else ""


_VERBS: dict[str, Callable[[Fragment], Words]] = {
    "Say": _say,
    "Play": _play,
    "Pause": _pause,
    "Gather": _gather,
    "Record": _record,
    "Dial": _dial,
    "Number": lambda number: ("NUMBER", number.text),
    "Client": lambda client: ("CLIENT", client.text),
    "Conference": _conference,
    "Sms": _sms,
    "Redirect": lambda redirect: ("REDIRECT", f"to {redirect.text.strip()}"),
    "Hangup": lambda _: ("HANGUP", ""),
    "Reject": _reject,
}
