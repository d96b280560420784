"""Checks of what callers hear, and of what they don't."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from twiml.checks.flow import Flow
from twiml.checks.graph import reach
from twiml.element import Element, body_of, text_of
from twiml.extensions import PromptExt, ResponseExt
from twiml.outline import Role
from twiml.verbs import Pause, Record, Reject, Say

LONGEST_SPEECH = 60
"""Seconds of speech that a caller sits through without being asked anything."""
LETTERS_A_SECOND = 15
"""How fast a voice reads: some 160 words a minute. A Chinese, Japanese or Korean character takes as long as three."""


def too_long(flow: Flow) -> Iterator[tuple[int, str]]:
    """Speech that nobody listens to up to its end."""
    for at in sorted(flow.reached):
        element = flow.places[at].element
        if flow.speaks(at) and isinstance(element, Say):
            seconds = max(1, int(element.loop or 1)) * max(map(seconds_of, _texts(element)))
            if seconds > LONGEST_SPEECH:
                yield at, f"takes about {seconds} seconds to say"


def _texts(say: Say) -> list[str]:
    """What is said, in each of its languages."""
    held: object = say.text
    return [_plain(each) for each in (held.texts.values() if isinstance(held, PromptExt) else [held])]


def _plain(held: object) -> str:
    """The text in a text, or in what marks it up."""
    if isinstance(held, (list, tuple)):
        return " ".join(map(_plain, held))
    if isinstance(held, Element):
        return text_of(held) or _plain(body_of(held))
    return held if isinstance(held, str) else ""


def seconds_of(text: str) -> int:
    """About how long a voice takes to read a text.

    >>> seconds_of("Good morning, and welcome to the bookshop."), seconds_of("欢迎光临")
    (3, 1)
    """
    letters = sum(3 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
    return -(-letters // LETTERS_A_SECOND)


def never_done(flow: Flow) -> Iterator[tuple[int, str]]:
    """Say and Play that repeat for ever, though something follows."""
    for at in sorted(flow.reached):
        place = flow.places[at]
        if flow.speaks(at) and str(place.element.loop) == "0":
            following = flow.shape.follows[at]
            if following is not None and flow.places[following].own:
                yield (
                    at,
                    f"repeats until the caller hangs up: what follows at {flow.program[following].rank} is not heard",
                )


def asks_nothing(flow: Flow) -> Iterator[tuple[int, str]]:
    """Gathers that a caller can come to without having heard a word since the last answer."""
    starts = [
        0,
        *(on for at in flow.reached if flow.program[at].transition in ("gather", "wait") for on in flow.edges[at]),
    ]
    met = reach(starts, flow.edges, flow.is_mute)
    for at in flow.gathers:
        if at in met and not any(map(flow.speaks, flow.inside(at))):
            yield at, "asks nothing: a caller can come here and hear silence"


def goes_dead(flow: Flow) -> Iterator[tuple[int, str]]:
    """Calls that end without a word since they began, or since the caller was last asked.

    An answer whose own body hangs up is meant: that caller asked for it.
    """
    ends: dict[int, int | None] = {}
    dead: set[int] = set()
    if _hangs_up(flow, 0, ends) is not None:
        yield 0, "the call ends before a word was said"
    for at in flow.reached:
        if flow.program[at].transition == "gather":
            for branch in flow.edges[at]:
                end = _hangs_up(flow, branch, ends)
                if end is not None and not _is_meant(flow, branch, end):
                    dead.add(branch)
    for branch in dead:
        yield branch, "the line goes dead: the call ends without another word"


def _hangs_up(flow: Flow, start: int, ends: dict[int, int | None]) -> int | None:
    """The state at which a call is hung up that comes to `start`, if not a word is heard till then."""
    path = []
    at: int | None = start
    while at is not None and at not in ends:
        ends[at] = at if flow.is_hangup(at) else None
        path.append(at)
        at = next(iter(flow.quiet[at]), None) if flow.is_mute(at) else None
    end = ends[path[-1]] if at is None else ends[at]
    ends.update(dict.fromkeys(path, end))
    return end


def _is_meant(flow: Flow, branch: int, end: int) -> bool:
    own = flow.places[end].own and flow.program[end].rank.startswith(f"{flow.program[branch].rank}.")
    return own and isinstance(flow.places[branch].element, ResponseExt)


def keeps_ringing(flow: Flow) -> Iterator[tuple[int, str]]:
    """A Pause as the first verb: Twilio answers after it."""
    first = flow.places[0].element
    if isinstance(first, Pause):
        seconds = f"{first.length} seconds" if first.length not in (None, 1) else "a second"
        yield 0, f"the phone keeps ringing for {seconds} before the call is answered"


def rejects_too_late(flow: Flow) -> Iterator[tuple[int, str]]:
    """A Reject that a caller can come to when the call is answered already."""
    answering = [at for at in flow.reached if flow.speaks(at) or flow.program[at].transition in ("gather", "wait")]
    answered = reach((on for at in answering for on in flow.edges[at]), flow.edges)
    for at in sorted(answered):
        if isinstance(flow.places[at].element, Reject):
            yield at, "the call has been answered by then: it is hung up, and paid for"


def unheard(flow: Flow) -> Iterator[tuple[int, str]]:
    """Recordings that no function can hear of, neither one that ran before nor one that runs after."""
    callouts = [at for at in flow.reached if flow.places[at].role is Role.CALLOUT]
    after = reach(callouts, flow.edges)
    before = reach(callouts, _reversed(flow))
    for at in sorted(flow.reached - after - before):
        record = flow.places[at].element
        if isinstance(record, Record):
            named = (record.action, record.recording_status_callback, record.transcribe_callback)
            if not any(url is not None for url in named):
                yield at, "nobody hears of this recording"


def _reversed(flow: Flow) -> list[list[int]]:
    back: list[list[int]] = [[] for _ in flow.edges]
    for at, ons in enumerate(flow.edges):
        for on in ons:
            back[on].append(at)
    return back
