"""What goes with what: the rules of Twilio's that no single attribute can know.

One small function for each element that has such rules, in one table. Each gives the sentences to
say of one element; where it stands, and its own attributes one by one, were looked at before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from twiml.element import Element, body_of, spec, text_of
from twiml.errors import TwimlError
from twiml.extensions import FunctionExt, PromptExt
from twiml.messaging import Media, Message
from twiml.nouns import Application, ApplicationSid, Client, Conference, Identity, Parameter, Sip, Uri
from twiml.payment import Pay
from twiml.rules import is_texts
from twiml.sessions import ConversationRelay, Recording, Siprec, Stream, Transcription
from twiml.verbs import Connect, Dial, Enqueue, Gather, Play, Record, Refer, Say, Start, Stop
from twiml.xml import fragment

DEEPEST_NOUNS = 20
"""How many nouns may nest, as SSML does."""
MOST_LEGS = 10
"""How many a Dial rings, at once or one after the other. (Twilio's documentation: "TwiML Voice: Dial".)"""
MOST_MEDIA = 10
"""Media of one message. (Twilio's documentation: "TwiML Messaging: Message".)"""
LONGEST_PARAMETER = 500
"""Characters of a stream's parameter, name and value together. (Twilio's documentation: "TwiML Voice: Stream".)"""
SHORTEST_TRANSCRIBED, LONGEST_TRANSCRIBED = 2, 120
"""Seconds of a recording that Record can transcribe. (Twilio's documentation: "TwiML Voice: Record".)"""
LONGEST_SPOKEN = {"Polly": 3000, "Google": 5000}
"""Characters that an engine reads in one Say, the basic voices 4096. (Twilio's documentation: "TwiML Voice: Say".)"""


def held(element: Element, name: str) -> str:
    """An attribute as XML has it, or nothing while it isn't given or isn't what it should be."""
    rule = next(each.rule for each in spec(element).attributes if each.python == name)
    value = getattr(element, name)
    return "" if value is None or rule.problem(value) else rule.xml(value)


def spoken_text(said: object, depth: int = 0) -> str:
    """The words of a text with SSML in it, without its marks, as deep as it may nest."""
    if isinstance(said, str):
        return said
    if isinstance(said, Element) and depth <= DEEPEST_NOUNS:
        return spoken_text(getattr(said, "words", ()), depth + 1)
    if not isinstance(said, tuple):
        return ""
    return "".join(spoken_text(each, depth) for each in said if isinstance(each, (str, Element)))


def _say(say: Say) -> Iterator[str]:
    if isinstance(say.text, PromptExt):
        return
    engine = held(say, "voice").partition(".")[0]
    most = LONGEST_SPOKEN.get(engine, 4096)
    # Google counts the marks of SSML, Polly doesn't.
    size = _written(say) if engine == "Google" else len(spoken_text(say.text))
    if size > most:
        yield f"text has {size} characters; {engine if engine in LONGEST_SPOKEN else 'a basic voice'} speaks {most}"
    named = held(say, "voice").split(".")[-1].rsplit("-", 2)[0] if engine == "Google" else ""
    language = held(say, "language")
    if named and language and not named.lower().startswith(language.lower()):
        yield f'voice "{say.voice}" does not speak {language}'


def _written(say: Say) -> int:
    try:
        return len(fragment(Say(say.text))) - len("<Say></Say>")
    except (TwimlError, TypeError, AttributeError, RecursionError):
        return 0  # of what can't be written is told elsewhere


def _play(play: Play) -> Iterator[str]:
    if play.url is None and play.digits is None:
        yield "needs a url, or digits"


_OF_SPEECH = ("hints", "speech_timeout", "max_speech_time", "speech_model", "partial_result_callback")
_OF_KEYS = ("num_digits", "finish_on_key")


def _gather(gather: Gather) -> Iterator[str]:
    inputs = held(gather, "input").split() or ["dtmf"]
    if "speech" not in inputs:
        yield from (f'{name} needs "speech" in input' for name in _OF_SPEECH if getattr(gather, name) is not None)
    if "dtmf" not in inputs:
        yield from (f'{name} needs "dtmf" in input' for name in _OF_KEYS if getattr(gather, name) is not None)
    model = held(gather, "speech_model")
    if model not in ("", "default") and not held(gather, "speech_timeout").isdigit():
        yield "speech_model needs a speech_timeout in seconds"
    if held(gather, "enhanced") == "true" and model != "phone_call":
        yield 'enhanced needs speech_model "phone_call"'
    yield from _no_tones(gather)


def _no_tones(home: Element) -> Iterator[str]:
    if any(isinstance(each, Play) and each.digits is not None for each in body_of(home)):
        yield f"a Play in a {spec(home).name} can't have digits"


def _record(record: Record) -> Iterator[str]:
    transcribes = held(record, "transcribe") == "true"
    length = int(held(record, "max_length") or LONGEST_TRANSCRIBED)
    if transcribes and not SHORTEST_TRANSCRIBED <= length <= LONGEST_TRANSCRIBED:
        yield f"max_length is not the {SHORTEST_TRANSCRIBED} to {LONGEST_TRANSCRIBED} s that transcribe can take"
    if record.transcribe_callback is not None and not transcribes:
        yield "transcribe_callback needs transcribe=True"


def _dial(dial: Dial) -> Iterator[str]:
    legs = [each for each in body_of(dial) if not isinstance(each, (FunctionExt, str))]
    if len(legs) > 1 and any(isinstance(each, Conference) for each in legs):
        yield "a Conference stands alone in its Dial"
    if len(legs) > MOST_LEGS:
        yield f"rings {len(legs)}; Twilio rings {MOST_LEGS} at most"


def _either(element: Element, noun: type[Element]) -> Iterator[str]:
    """Nested, an element must have exactly one that says who it is."""
    if text_of(element) is None and body_of(element) and sum(isinstance(each, noun) for each in body_of(element)) != 1:
        yield f"needs exactly one {spec(noun).name} beside its parameters"


def _sip(sip: Sip) -> Iterator[str]:
    if text_of(sip) is None and body_of(sip) and not any(isinstance(each, Uri) for each in body_of(sip)):
        yield "needs at least one Uri beside its headers"


def _enqueue(enqueue: Enqueue) -> Iterator[str]:
    if enqueue.workflow_sid is None:
        if enqueue.name is None:
            yield "needs a name, or a workflow_sid"
        elif text_of(enqueue) is None:
            yield "a Task needs a workflow_sid"
    if len(body_of(enqueue)) > 1:
        yield "holds one Task at most"


def _alone(home: Element) -> Iterator[str]:
    if len(body_of(home)) > 1:
        yield f"holds {len(body_of(home))} things; it takes one"


def _connect(connect: Connect) -> Iterator[str]:
    yield from _alone(connect)
    for each in body_of(connect):
        if isinstance(each, Stream) and held(each, "track") not in ("", "inbound_track"):
            yield "a Stream in a Connect has the track inbound_track alone"
    yield from _reachable(connect)


def _start(start: Start) -> Iterator[str]:
    yield from _reachable(start)


def _reachable(home: Element) -> Iterator[str]:
    for each in body_of(home):
        if isinstance(each, Stream) and each.url is None and each.connector_name is None:
            yield "a Stream needs a url, or a connector_name"
        if isinstance(each, Siprec) and each.connector_name is None:
            yield "a Siprec needs a connector_name"


def _stop(stop: Stop) -> Iterator[str]:
    for each in body_of(stop):
        if isinstance(each, (Stream, Siprec, Transcription, Recording)) and each.name is None:
            yield f"a {spec(each).name} is stopped by its name, and has none"


def _relay(relay: ConversationRelay) -> Iterator[str]:
    if relay.url is None:
        yield "url is missing"


def _parameter(parameter: Parameter) -> Iterator[str]:
    if not parameter.name:
        yield "name is missing"
    if len(held(parameter, "name") + held(parameter, "value")) > LONGEST_PARAMETER:
        yield f"name and value have more than {LONGEST_PARAMETER} characters together"


def _pay(pay: Pay) -> Iterator[str]:
    if held(pay, "action").strip().lower().startswith("http:"):
        yield "action must be a URL of https"
    for each in body_of(pay):
        yield from _no_tones(each) if isinstance(each, Element) else ()


def _message(message: Message) -> Iterator[str]:
    kinds = Counter(type(each) for each in body_of(message))
    if kinds[Media] > MOST_MEDIA:
        yield f"has {kinds[Media]} Media; Twilio sends {MOST_MEDIA} at most"


CONSTRAINTS: Mapping[type[Element], Callable[[Any], Iterator[str]]] = {
    Say: _say,
    Play: _play,
    Gather: _gather,
    Record: _record,
    Dial: _dial,
    Client: lambda client: _either(client, Identity),
    Application: lambda application: _either(application, ApplicationSid),
    Sip: _sip,
    Enqueue: _enqueue,
    Connect: _connect,
    Start: _start,
    Stop: _stop,
    Refer: _alone,
    ConversationRelay: _relay,
    Parameter: _parameter,
    Pay: _pay,
    Message: _message,
}


def shared_phrases(answers: Sequence[Any]) -> Iterator[str]:
    """Phrases that more than one response listens for."""
    heard = [
        {" ".join(phrase.casefold().split()) for phrase in each.speech}
        for each in answers
        if each.speech and is_texts(each.speech)
    ]
    said = Counter(phrase for phrases in heard for phrase in phrases)
    yield from (phrase for phrase, count in said.items() if count > 1)
