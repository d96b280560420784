"""Extended TwiML: what the compiler turns into states, and Twilio never sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twiml.declare import attribute, nested, verb
from twiml.element import ANY, Extension, Noun, Table, Verb
from twiml.rules import KEYS, PHRASES, TEXT, Rule, matching, named, text
from twiml.settle import joined, settle
from twiml.voices import SAY_LANGUAGES, VOICES

DOTTED = matching(
    "a dotted Python name", lambda name: all(part.isidentifier() for part in name.split(".")), "is not a Python name"
)
LABEL = matching("a name that begins with a letter", lambda name: name[:1].isalpha(), "must begin with a letter")
EVENTS = (
    *("recording", "completion", "transcription", "status", "dial"),
    *("detection", "leg", "conference", "stream", "live_transcription", "payment", "partial_speech"),
)
"""What a function may be subscribed to of a call."""
MESSAGE_EVENTS = ("message_status",)
"""What one may be subscribed to of a recipe's messages."""


LANGUAGE = named(SAY_LANGUAGES, "is not one Twilio speaks")
VOICE = named(VOICES, "is not a voice Twilio has")


def _by_language(value: object) -> str | None:
    if not isinstance(value, Mapping) or not value:
        return "must be a table by language"
    for language in value:
        if (problem := LANGUAGE.problem(language)) is not None:
            return f'language "{language}" {problem}' if isinstance(language, str) else "has a language that isn't text"
    kept = [LANGUAGE.kept(language) for language in value]
    return next((f'language "{each}" is there twice' for each in kept if kept.count(each) > 1), None)


def _voices_by_language(value: object) -> str | None:
    if (problem := _by_language(value)) is not None:
        return problem
    assert isinstance(value, Mapping), "or it would not be a table by language"
    wrong = ((language, VOICE.problem(voice)) for language, voice in value.items())
    return next((f'has for "{language}" one that {problem}' for language, problem in wrong if problem), None)


class Texts(Table):
    """Texts by language. Their order counts: a caller may hear the first.

    >>> Texts({"en": "a", "de": "b"}) == Texts({"de": "b", "en": "a"})
    False
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Mapping) and dict(self) == dict(other)
        return same and (not isinstance(other, Texts) or list(self) == list(other))

    __hash__ = Table.__hash__


def _kept_by_language(keep: Callable[[Any], object], table: type[Table]) -> Callable[[Mapping[str, Any]], Table]:
    return lambda value: table({LANGUAGE.kept(language): keep(each) for language, each in value.items()})


def _text(value: object) -> object:
    return joined(tuple(value), mixed=True) if isinstance(value, (list, tuple)) else value


BY_LANGUAGE = Rule("a table of texts by language", _by_language, kept=_kept_by_language(_text, Texts))
VOICES_BY_LANGUAGE = Rule(
    "a table of voices by language", _voices_by_language, kept=_kept_by_language(VOICE.kept, Table)
)


@verb
class PromptExt(Extension):
    """A text in several languages, for Say, Play and the titles of a menu.

    >>> PromptExt({"en-GB": "Hello", "de-DE": "Guten Tag"}, voices={"de-DE": "Polly.Vicki-Neural"}).texts["de-DE"]
    'Guten Tag'

    The caller hears the one in `call.language`; where that is none of these, one of the same language
    spoken elsewhere (de-AT for de-DE), else the first. `voices` says who speaks each of them.
    """

    texts: Mapping[str, str | Sequence[str | Noun]] = attribute(BY_LANGUAGE, positional=True, required=True)
    voices: Mapping[str, str] | None = attribute(VOICES_BY_LANGUAGE)


def stranger_of(prompt: PromptExt) -> str | None:
    """A language that a prompt has a voice for, and no text."""
    return next((each for each in prompt.voices or () if each not in prompt.texts), None)


_TITLE = text(200)


def _title(value: object) -> str | None:
    if not isinstance(value, PromptExt):
        return _TITLE.problem(value)
    for rule, table in ((BY_LANGUAGE, value.texts), (VOICES_BY_LANGUAGE, value.voices or {"en-GB": "man"})):
        if (problem := rule.problem(table)) is not None:
            return problem
    if (stranger := stranger_of(value)) is not None:
        return f'has a voice for "{stranger}", which no text is in'
    return next((problem for each in value.texts.values() if (problem := _TITLE.problem(each))), None)


TITLE = Rule(_TITLE.words + ", or a PromptExt of such", _title)


@verb
class ResponseExt(Extension):
    """What happens when the caller keys `response`, or says one of the words in `speech`."""

    response: str = attribute(KEYS, positional=True, required=True)
    title: str | PromptExt | None = attribute(TITLE, positional=True)
    body: Sequence[Verb] = nested(ANY)
    speech: Sequence[str] | None = attribute(PHRASES)


@verb
class DefaultExt(Extension):
    """What happens when nothing was keyed, or nothing that the menu knows."""

    title: str | PromptExt | None = attribute(TITLE, positional=True)
    body: Sequence[Verb] = nested(ANY)


@verb
class RepeatExt(Extension):
    """Ask again. A Gather whose `after_ext` names no default does so too."""


@verb
class FunctionExt(Extension):
    """Call out to Python. The verbs the function returns take this one's place in the call.

    >>> FunctionExt("opening hours", module="office", fn="opening_hours").fn
    'opening_hours'

    `fn` may be the function itself, which then must be one that can be imported by name; its
    module is taken from it. The title is what pictures call it, by default the function's name.
    """

    title: str | None = attribute(_TITLE, positional=True)
    module: str | None = attribute(DOTTED, positional=True, required=True)
    fn: str | Callable[..., Any] | None = attribute(DOTTED, positional=True, required=True)

    def __post_init__(self) -> None:
        fn = self.fn
        if callable(fn):
            object.__setattr__(self, "module", self.module or getattr(fn, "__module__", None))
            fn = getattr(fn, "__qualname__", type(fn).__qualname__)
            object.__setattr__(self, "fn", fn)
        object.__setattr__(self, "title", self.title or fn)
        settle(self)


@verb
class GotoExt(Extension):
    """Go on at another state: its rank, as the picture shows it ("1.2.3"), or a label's name."""

    target: str = attribute(TEXT, positional=True, required=True)


@verb
class LabelExt(Extension):
    """Names the state that follows, for GotoExt. Takes no rank of its own."""

    name: str = attribute(LABEL, positional=True, required=True)
