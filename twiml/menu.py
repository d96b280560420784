"""A Gather's answers: their order, the spoken menu they make, and which one an input means."""

from __future__ import annotations

import re
from collections.abc import Sequence

from twiml.declare import branches_of
from twiml.extensions import DefaultExt, RepeatExt, ResponseExt
from twiml.rules import is_texts, is_true
from twiml.verbs import Gather

_NOT_A_WORD = re.compile(r"[^\w\s]|_")


def responses(gather: Gather) -> list[ResponseExt]:
    """The responses in the order of their keys: numbers as numbers, then what holds * or #."""
    found = [each for each in branches_of(gather) if isinstance(each, ResponseExt)]
    return sorted(found, key=lambda each: _by_key(_text(each.response)))


def otherwise(gather: Gather) -> DefaultExt | RepeatExt:
    """What happens when no response fits: the default, or asking again."""
    silent = [each for each in branches_of(gather) if isinstance(each, (DefaultExt, RepeatExt))]
    return min(silent, key=lambda each: isinstance(each, RepeatExt), default=RepeatExt())


def is_spoken(gather: Gather) -> bool:
    """Whether the menu is to be made and spoken."""
    return is_true(gather.auto_menu_ext)


def sentence(gather: Gather) -> str:
    """The menu as it is spoken.

    >>> sentence(Gather(after_ext=[ResponseExt("1", "Praise"), DefaultExt("a slagging")]))
    'Press 1 for PRAISE. Do nothing for A SLAGGING'
    >>> sentence(Gather(after_ext=[ResponseExt("1", "Praise")]))
    'Press 1 for PRAISE. Do nothing to hear this again'
    """
    spoken = [f"{_asked_for(each)} for {_text(each.title).upper()}. " for each in responses(gather)]
    last = otherwise(gather)
    silent = "to hear this again" if isinstance(last, RepeatExt) else f"for {_text(last.title).upper()}"
    return "".join(spoken) + f"Do nothing {silent}"


def chosen(answers: Sequence[ResponseExt], digits: str, speech: str) -> int | None:
    """Which of the responses a caller means, by key or by word, or None.

    Keys count before words, as Twilio sends only one of them. What was said fits a phrase that is
    all of it, else the longest phrase that stands in it as whole words.

    >>> menu = [ResponseExt("1", "Sales", speech=["sales"]), ResponseExt("2", "Help", speech=["help me"])]
    >>> chosen(menu, "2", ""), chosen(menu, "", "Sales, please."), chosen(menu, "7", "")
    (1, 0, None)
    """
    if digits:
        return next((at for at, each in enumerate(answers) if each.response == digits), None)
    said = _words(speech)
    fitting = [
        (wanted == said, len(wanted), -at)
        for at, each in enumerate(answers)
        for wanted in map(_words, each.speech or ())
        if wanted and f" {wanted} " in f" {said} "
    ]
    return -max(fitting)[2] if fitting else None


def finish_on_key(gather: Gather) -> str | None:
    """The key that ends the input. None of ours when # is an answer, for Twilio would swallow it."""
    keyed = any("#" in str(each.response or "") for each in responses(gather))
    return "" if keyed and gather.finish_on_key is None else gather.finish_on_key


def _asked_for(response: ResponseExt) -> str:
    if _text(response.response):
        return f"Press {response.response}"
    return f"Say {response.speech[0]}" if response.speech and is_texts(response.speech) else "Say"


def _by_key(keyed: str) -> tuple[bool, int, str, str]:
    number = keyed.lstrip("0") if keyed.isdecimal() else ""
    return (not keyed.isdecimal(), len(number), number, keyed)


def _text(value: object) -> str:
    """A menu is numbered before it is validated: what isn't text yet is nothing here."""
    return value if isinstance(value, str) else ""


def _words(said: str) -> str:
    return " ".join(_NOT_A_WORD.sub(" ", said).casefold().split())
