"""A waiting room: callers are told how many are before them, hear music, and may leave a message instead.

Whoever calls waits until an agent takes the call. Each time the music comes to its end the caller hears how many are
before them and how long the wait usually is, and that 1 is for leaving a message. Who has waited for too long is asked
for a message too; it is mailed as `voicemail_by_mail` does it.

An agent calls the same number, from one of the phones in `agents`, and gets the caller who has waited longest; if
nobody waits, the next one to call. In a flow of your own, `Dial([Queue("support")])` does it. Numbers can be forged:
where that matters, ask agents for a PIN, as `pin` does.

Settings, those of `voicemail_by_mail` besides:
    agents        the numbers that agents call from; if there are none, callers are only asked for a message
    business      the name to answer with; none by default
    queue         the queue's name; "support" by default
    hold_music    the URL of what is played, a piece of a minute or so; a tune of Twilio's by default
    longest_wait  in minutes; 15 by default. It is looked at when the music comes to its end

To change: what callers hear while they wait, in `while_they_wait`. They are requests beside the call, which Twilio
makes again and again, so nothing of them is kept, and what they need to know stands in their URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from recipes._speaking import sentence
from recipes.voicemail_by_mail import voicemail
from twiml import Dial, Enqueue, FunctionExt, Gather, GotoExt, Hangup, LabelExt, Leave, Play, Queue, Say, Verb

if TYPE_CHECKING:
    from actors import Call

TUNE = "https://demo.twilio.com/docs/classic.mp3"
TO_LEAVE = "1"
ELSEWHERE = ("hangup", "redirected", "redirected-from-bridged", "bridging-in-process")
"""Each QueueResult of a caller who has gone, or with whom somebody else goes on."""
REGRETS = {"queue-full": "Sorry, too many people are waiting at the moment."}
SORRY = "Sorry, we can't put you through at the moment."


def queue_of(call: Call) -> str:
    """Where callers of this number wait."""
    return str(call.settings.get("queue", "support"))


def agents_of(call: Call) -> list[str]:
    """The numbers that agents call from."""
    agents = call.settings.get("agents", [])
    return agents.split() if isinstance(agents, str) else list(agents)


def longest_wait(call: Call) -> int:
    """In seconds."""
    return round(60 * float(call.settings.get("longest_wait", 15)))


def who_calls(call: Call) -> list[Verb]:
    """Tell agents from callers, and greet these."""
    agents = agents_of(call)
    if call.from_ in agents:
        return [GotoExt("agent")]
    greeting = sentence(f"Thank you for calling {call.settings.get('business', '')}".strip())
    if not agents:
        return [greeting, Say("Nobody can take your call at the moment."), GotoExt("message")]
    # A goto is a request of its own: the wait's relative URL then stands beside this recipe's ranks.
    return [greeting, GotoExt("queue")]


def wait(call: Call) -> list[Verb]:
    """Put the caller into the queue."""
    told = {"music": call.settings.get("hold_music", TUNE), "longest": longest_wait(call)}
    return [Enqueue(queue_of(call), wait_url=f"while_they_wait?{urlencode(told)}", wait_url_method="GET")]


def after_the_wait(call: Call) -> list[Verb]:
    """Part from a caller who was taken; go on to the message with one who wasn't, with a word of regret."""
    result = call.params.get("QueueResult", "")
    if result == "bridged":
        return [Say("Thank you for calling. Goodbye."), Hangup()]
    if result in ELSEWHERE:
        return [Hangup()]
    if result != "leave":
        return [Say(REGRETS.get(result, SORRY))]
    if number(call.params, "QueueTime") >= longest_wait(call):
        return [Say("We are sorry that you had to wait for so long.")]
    return []


def next_caller(call: Call) -> list[Verb]:
    """Give an agent the caller who has waited longest, or the next one to come."""
    return [Dial([Queue(queue_of(call))], timeout=600)]


def handle_request(path: Sequence[str], params: Mapping[str, str]) -> list[Verb]:
    """What a caller in the queue hears, who may also have pressed a key."""
    if path != ["while_they_wait"]:
        raise LookupError("a Voice URL is requested by POST; what is requested by GET is for callers who wait")
    return while_they_wait(params)


def while_they_wait(params: Mapping[str, str]) -> list[Verb]:
    """Say how it stands and play the music once, or let the caller go on to the message.

    >>> while_they_wait({"QueuePosition": "1"})[0].body[0], while_they_wait({"QueueTime": "900", "longest": "900"})
    (Say('You are next.'), [Leave()])
    """
    if params.get("Digits") == TO_LEAVE or number(params, "QueueTime") >= number(params, "longest", default=15 * 60):
        return [Leave()]
    said = f"{place_in_words(number(params, 'QueuePosition'))} {wait_in_words(number(params, 'AvgQueueTime'))}".strip()
    instead = Say(f"To leave a message instead, press {TO_LEAVE}.")
    return [Gather([Say(said), instead, Play(params.get("music", TUNE))], num_digits=1, timeout=1, method="GET")]


def place_in_words(position: int) -> str:
    """How many callers are before one at this position, the first being 1.

    >>> place_in_words(1), place_in_words(2), place_in_words(0)
    ('You are next.', 'There is one caller before you.', 'Thank you for waiting.')
    """
    if position < 1:
        return "Thank you for waiting."
    before = {1: "You are next.", 2: "There is one caller before you."}
    return before.get(position, f"There are {position - 1} callers before you.")


def wait_in_words(seconds: int) -> str:
    """How long callers wait, rather too much than too little; nothing where it isn't known yet.

    >>> wait_in_words(61), wait_in_words(700)
    ('The wait is usually about 2 minutes.', 'The wait is usually about 15 minutes.')
    """
    if seconds <= 0:
        return ""
    minutes = -(-seconds // 60)
    if minutes > 10:
        minutes = -(-minutes // 5) * 5
    if minutes > 30:
        return "The wait is usually more than half an hour."
    return f"The wait is usually about {'a minute' if minutes == 1 else f'{minutes} minutes'}."


def number(params: Mapping[str, str], name: str, default: int = 0) -> int:
    """A field that is a whole number."""
    text = params.get(name, "")
    return int(text) if text.isdecimal() else default


recipe: list[Verb] = [
    FunctionExt("tell agents from callers", fn=who_calls),
    LabelExt("queue"),
    FunctionExt("wait in the queue", fn=wait),
    FunctionExt("see what came of it", fn=after_the_wait),
    LabelExt("message"),
    *voicemail,
    Hangup(),
    LabelExt("agent"),
    Say("Please hold for the next caller."),
    FunctionExt("the next caller", fn=next_caller),
    Say("Call again for the next one. Goodbye."),
]
