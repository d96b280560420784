"""A recipe: what it has, and how a module or a file is judged that may be one.

A recipe is a module. `recipe` is a list of verbs, or a function `recipe(call)` that returns one;
`reply(message)` answers messages; `handle_request(path, params)` answers requests in the traditional
way. A module that has none of them is somebody's helper and no recipe. `language` says what its
callers hear where nobody knows better, `subscriptions` who is told of every call's events, and of
what became of its messages.

A file of Extended TwiML, `name.xml`, is a recipe too. It is data, and may come from anywhere, so it
may call out to no modules but those that the configuration allows.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.parsers import expat

from actors import SUBSCRIPTIONS, CalloutError, Subscription, find, subscription, unfit
from runtime.errors import RecipesError
from twiml import FunctionExt, Program, Verb, compile, decode
from twiml.checks import Comment, Finding, comments_of, exempted, findings_of
from twiml.extensions import EVENTS, LANGUAGE, MESSAGE_EVENTS

_ALL_EVENTS = (*EVENTS, *MESSAGE_EVENTS)
_NO_CALLS = "an event of calls, and the module has no recipe that takes any: write one, or leave the event out"
_NO_MESSAGES = "and handle_request gets all that is told of messages: write a reply, or leave the event out"
"""Why nobody would ever be told of an event."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe. `program` is None for one that takes no calls, or answers in the traditional way only."""

    name: str
    module: str
    description: str
    program: Program | None
    handle_request: Callable[..., Any] | None
    findings: tuple[Finding, ...] = ()
    """What a caller would suffer, without what the recipe is exempt from."""
    language: str | None = None
    """What callers hear whose language nobody knows better."""
    subscriptions: tuple[Subscription, ...] = ()
    """The functions that every call of it has subscribed from the first."""
    reply: Callable[..., Any] | None = None
    """Answers messages."""
    message_subscriptions: tuple[Subscription, ...] = ()
    """The functions that are told what became of its messages."""

    @property
    def takes_calls(self) -> bool:
        """Whether a call can be answered with it; else it answers messages alone."""
        return self.program is not None or self.handle_request is not None

    @property
    def reply_module(self) -> str | None:
        """The module whose `reply` answers messages, or None."""
        return self.module if self.reply is not None else None

    def summary(self) -> dict[str, Any]:
        """The recipe as the status shows it."""
        states = len(self.program) if self.program is not None else 0
        return {"name": self.name, "path": f"/{self.name}", "states": states, "findings": len(self.findings)}


def of_module(name: str, module_name: str) -> Recipe | None:
    """The recipe that a module is, or None if it is somebody's helper.

    Raises `InvalidFlow` or `RecipesError` with what is wrong with it, and whatever importing it raises.
    """
    module = importlib.import_module(module_name)
    flow = getattr(module, "recipe", None)
    handle_request = getattr(module, "handle_request", None)
    reply = _reply(getattr(module, "reply", None))
    if flow is None and handle_request is None and reply is None:
        _refuse_misspelt(module)
        return None
    program, findings = None, []
    if flow is not None:
        title = name.replace("_", " ")
        verbs = [FunctionExt(title, module.__name__, "recipe")] if callable(flow) else flow
        program = compile(verbs)
        _check_callouts(program)
        findings = findings_of(verbs, program)
    findings = exempted(findings, comments_of(_source(module)))
    description = _first_line(module.__doc__)
    language = _language(getattr(module, "language", None))
    subscribed = _subscriptions(getattr(module, "subscriptions", ()))
    _check_told(subscribed, calls=program is not None, messages=program is not None or reply is not None)
    return Recipe(
        name,
        module.__name__,
        description,
        program,
        handle_request,
        tuple(findings),
        language,
        tuple(each for each in subscribed if each.event in EVENTS),
        reply,
        tuple(each for each in subscribed if each.event in MESSAGE_EVENTS),
    )


def _reply(reply: Any) -> Callable[..., Any] | None:
    """A module's `reply`, if it has one. Raises `RecipesError` if that can't be called with a message."""
    if reply is None:
        return None
    if not callable(reply) or inspect.isclass(reply):
        kind = "a class" if inspect.isclass(reply) else type(reply).__name__
        raise RecipesError(f"reply is {kind}; it is a function of a message: def reply(message)")
    if problem := unfit("reply", reply, "message"):
        raise RecipesError(problem)
    found: Callable[..., Any] = reply
    return found


def _refuse_misspelt(module: ModuleType) -> None:
    """A list of verbs with nearly the name of a recipe is no helper's."""
    flows = [name for name, value in vars(module).items() if isinstance(value, list) and _are_verbs(value)]
    for close in difflib.get_close_matches("recipe", flows, n=1, cutoff=0.75):
        raise RecipesError(f"has a list named {close}; a recipe's is named recipe")


def _are_verbs(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(each, Verb) for each in value)


def of_document(name: str, path: Path, allowed: Sequence[str]) -> Recipe:
    """The recipe in a file of XML. What stands in its comments describes it, and exempts it from findings.

    Raises `InvalidFlow` or `RecipesError` with what is wrong with it, also for a module that isn't `allowed`.
    """
    text = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verbs = decode(text, strict=True)
    program = compile(verbs)
    _check_allowed(program, allowed)
    _check_callouts(program)
    comments = _comments(text)
    lines = (Comment(at + below, 0, each) for at, said in comments for below, each in enumerate(said.splitlines()))
    findings = exempted(findings_of(verbs, program), lines)
    description = next((said.strip() for _, said in comments if not said.strip().startswith("switchhook:")), "")
    return Recipe(name, str(path), _first_line(description), program, None, tuple(findings))


def _comments(xml: bytes) -> list[tuple[int, str]]:
    """The comments of a document that was read already, each with its line."""
    found: list[tuple[int, str]] = []
    parser = expat.ParserCreate()
    parser.CommentHandler = lambda said: found.append((parser.CurrentLineNumber, said))
    parser.Parse(xml, True)
    return found


def _check_allowed(program: Program, allowed: Sequence[str]) -> None:
    """A callout of a recipe in XML may only name a module that the configuration allows."""
    errors = []
    for state in program:
        if isinstance(state.payload, FunctionExt):
            module, name = str(state.payload.module), str(state.payload.fn)
            if not any(fnmatchcase(module, each) for each in allowed):
                errors.append(f"{state.rank} FunctionExt: module {module} is not among callout_modules")
            elif "." in name or getattr(find(module, name), "__module__", None) != module:
                errors.append(f"{state.rank} FunctionExt: {name} is not a function of the module {module} itself")
    if errors:
        raise RecipesError(*errors)


def _language(language: object) -> str | None:
    if language is not None and LANGUAGE.problem(language) is not None:
        raise RecipesError(f"language {language!r} is not one Twilio speaks; write it like en-GB")
    return language if isinstance(language, str) else None


def _subscriptions(listed: object) -> tuple[Subscription, ...]:
    """The functions in a module's list of `subscriptions`."""
    if not isinstance(listed, list | tuple):
        raise RecipesError(f"subscriptions is {type(listed).__name__}; it is a list of events with their functions")
    if len(listed) > SUBSCRIPTIONS:
        raise RecipesError(f"subscriptions has {len(listed)}; a call has at most {SUBSCRIPTIONS}")
    try:
        return tuple(dict.fromkeys(subscription("subscriptions", each, events=_ALL_EVENTS) for each in listed))
    except CalloutError as problem:
        raise RecipesError(str(problem)) from problem


def _check_told(subscribed: Iterable[Subscription], *, calls: bool, messages: bool) -> None:
    """Whether everything that functions are subscribed to may come to their module. Raises `RecipesError`."""
    never = {} if calls else dict.fromkeys(EVENTS, _NO_CALLS)
    never |= {} if messages else dict.fromkeys(MESSAGE_EVENTS, _NO_MESSAGES)
    errors = [f"subscriptions lists {event}, {never[event]}" for event, *_ in subscribed if event in never]
    if errors:
        raise RecipesError(*dict.fromkeys(errors))


def _check_callouts(program: Program) -> None:
    """Every callout must have a function to call, and that must take the call."""
    errors = []
    for state in program:
        if isinstance(state.payload, FunctionExt):
            module, name = str(state.payload.module), str(state.payload.fn)
            try:
                problem = unfit(f"{module}:{name}", find(module, name), "call")
            except CalloutError as missing:
                problem = str(missing)
            if problem:
                errors.append(f"{state.rank} FunctionExt: {problem}")
    if errors:
        raise RecipesError(*errors)


def _source(module: ModuleType) -> str:
    """A module's text, or nothing where Python has it from elsewhere than a text."""
    try:
        text: str | None = module.__loader__.get_source(module.__name__)  # type: ignore[union-attr]  # where it has one
    except (AttributeError, ImportError, OSError):
        return ""
    return text or ""


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]
