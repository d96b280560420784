"""Calling out to Python: finding a function by name, running it beside the call, reading what it returns.

A function is a plain one, which runs on a thread, or a coroutine, which runs on the loop. It takes
the `Call` and returns a list of verbs, or that and a list of subscriptions:

    def opening_hours(call):
        return [Say("We are open.")], [("completion", write_it_down)]
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, ModuleType
from typing import Any

import orjson

from actors.arguments import unfit
from actors.call import Call
from actors.journal import Subscription
from actors.threads import Exited, Threads
from twiml.extensions import EVENTS, MESSAGE_EVENTS, FunctionExt

DATA = 64 * 1024
"""Bytes that `call.data` may take as JSON."""
VERBS = 1000
"""Verbs that a callout may return, so that no call waits for the document of another."""
_NONE: Mapping[str, ModuleType] = MappingProxyType({})


class CalloutError(Exception):
    """A callout or a subscribed function failed: it isn't there, raised, took too long, or returned
    what it may not."""


class Gone(CalloutError):
    """There is no such function, or not any more."""

    def __init__(self, module: str, function: str, why: object) -> None:
        super().__init__(f"there is no function {function} in module {module}: {why}")
        self.function = (module, function)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a callout: verbs for its place, subscriptions, and the call's `data` and `language`
    as it left them."""

    verbs: Sequence[Any]
    subscriptions: tuple[Subscription, ...]
    data: dict[str, Any]
    language: str | None = None


class Callouts:
    """Runs the functions of every call of a daemon: plain ones on shared threads, coroutines on the loop."""

    def __init__(self, threads: Threads | None = None) -> None:
        self.threads = threads or Threads()
        self._tellers = Threads(max(1, self.threads.most // 2))
        self.modules: Mapping[str, ModuleType] = {}
        """Modules that functions are taken from before Python is asked, which may be importing them anew."""
        self.running: set[asyncio.Task[Any]] = set()
        """Work that goes on beside the calls: letters that are delivered, claims that are renewed."""
        self.renewals: dict[str, asyncio.Task[None]] = {}
        """The claims that are being renewed, by their calls."""
        self._hurry: asyncio.Future[None] | None = None

    @property
    def hurry(self) -> asyncio.Future[None]:
        """Done once no caller may wait for a callout any longer: the daemon is about to stop."""
        if self._hurry is None:
            self._hurry = asyncio.get_running_loop().create_future()
        return self._hurry

    def make_haste(self) -> None:
        """Have every caller who waits for a callout hold, from now on."""
        if not self.hurry.done():
            self.hurry.set_result(None)

    async def call(self, function: FunctionExt, call: Call) -> Outcome:
        """Run a callout on its own copy of the call. Raises `CalloutError`.

        Cancelled, it gives up on the function: a coroutine is cancelled too, a thread is left to itself.
        """
        view = call.view()
        name = f"{function.module}:{function.fn}"
        returned = await self.run(Subscription("callout", str(function.module), str(function.fn)), view)
        verbs, subscriptions = _read(name, returned, self.modules)
        return Outcome(verbs, subscriptions, plain(name, view.data), _language(name, view.language))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Work that goes on beside the calls, in a task that is kept until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def run(self, named: Subscription, *args: Any) -> Any:
        """What a function returns that is found by its name. Raises `CalloutError`."""
        return await self._run_on(self.threads, named, *args)

    async def tell(self, named: Subscription, *args: Any) -> None:
        """Run a function that no caller waits for, on threads of its own kind. Raises `CalloutError`."""
        await self._run_on(self._tellers, named, *args)

    async def _run_on(self, threads: Threads, named: Subscription, *args: Any) -> Any:
        name = f"{named.module}:{named.function}"
        try:
            if named.module not in self.modules and not _is_imported(named.module):
                await threads.run(partial(_import, named))
            function = find(named.module, named.function, self.modules)
            if inspect.iscoroutinefunction(function):
                return await _contained(function(*args))
            returned = await threads.run(partial(function, *args))
            return await _contained(returned) if inspect.isawaitable(returned) else returned
        except CalloutError:
            raise
        except Exception as problem:
            raise CalloutError(f"{name} raised {type(problem).__name__}: {problem}") from problem


def find(module: str, function: str, modules: Mapping[str, ModuleType] = _NONE) -> Callable[..., Any]:
    """An importable function by the names of its module and itself. Raises `Gone`, or `CalloutError`."""
    try:
        found: Any = modules.get(module) or importlib.import_module(module)
        for part in function.split("."):
            found = getattr(found, part)
    except Exception as problem:
        raise Gone(module, function, problem) from problem
    if not callable(found):
        raise CalloutError(f"{module}:{function} is not a function but {type(found).__name__}")
    called: Callable[..., Any] = found
    return called


def _import(named: Subscription) -> None:
    try:
        importlib.import_module(named.module)
    except ModuleNotFoundError as problem:
        raise Gone(named.module, named.function, problem) from None


def _is_imported(module: str) -> bool:
    """Whether a module is there and done: to wait for one that another thread is importing would hold the loop."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    return module in sys.modules and not getattr(spec, "_initializing", False)


async def _contained(work: Awaitable[Any]) -> Any:
    """A coroutine that exits, or hands on that something else was cancelled, ends itself and not the daemon."""
    try:
        return await work
    except (SystemExit, KeyboardInterrupt, asyncio.CancelledError) as problem:
        task = asyncio.current_task()
        if isinstance(problem, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise Exited(f"{type(problem).__name__}: {problem}") from problem


def plain(name: str, data: Any, whose: str = "call") -> dict[str, Any]:
    """A copy of `call.data` as JSON holds it, or of whatever else has data. Raises `CalloutError`."""
    if not isinstance(data, dict):
        raise CalloutError(f"{name} left {type(data).__name__} as {whose}.data; it is a dict")
    try:
        text = json.dumps(data, allow_nan=False)
        copy: dict[str, Any] = json.loads(text)
        orjson.dumps(copy)  # which the journals write by, and which knows no surrogate and no number beyond 64 bits
    except (TypeError, ValueError, RecursionError) as problem:
        raise CalloutError(f"{name} left in {whose}.data what JSON can't hold: {problem}") from problem
    if len(text) > DATA:
        raise CalloutError(f"{name} left {len(text)} bytes in {whose}.data; it may take {DATA}")
    return copy


def _language(name: str, language: Any) -> str | None:
    if language is not None and not isinstance(language, str):
        raise CalloutError(f"{name} left {type(language).__name__} as call.language; it is text, like en-GB, or None")
    if language is not None and not language.isascii():
        raise CalloutError(f"{name} left {language!r} as call.language; it is a language's code, like en-GB")
    return language


def _read(
    name: str, returned: Any, modules: Mapping[str, ModuleType]
) -> tuple[Sequence[Any], tuple[Subscription, ...]]:
    """The verbs and the subscriptions in what a callout returned."""
    verbs: Any = returned
    subscribed: Sequence[Any] = ()
    if isinstance(returned, tuple) and len(returned) == 2 and all(isinstance(part, (list, tuple)) for part in returned):
        verbs, subscribed = returned
    if not isinstance(verbs, (list, tuple)):
        raise CalloutError(f"{name} returned {type(returned).__name__}; a callout returns a list of verbs")
    if len(verbs) > VERBS:
        raise CalloutError(f"{name} returned {len(verbs)} verbs; a callout returns at most {VERBS}")
    return list(verbs), tuple(subscription(name, each, modules) for each in subscribed)


def subscription(
    name: str, pair: Any, modules: Mapping[str, ModuleType] = _NONE, events: Sequence[str] = EVENTS
) -> Subscription:
    """A subscription by name, of a function that can be found by it again, to an event. Raises `CalloutError`."""
    match pair:
        case (str() as event, function) if callable(function):
            pass
        case _:
            raise CalloutError(f"{name} has the subscription {pair!r}; it is an event and a function")
    if event not in events:
        elsewhere = f"a call has none: list it in the recipe's module, subscriptions = [({event!r}, …)]"
        why = elsewhere if event in MESSAGE_EVENTS else f"the events are {', '.join(events)}"
        raise CalloutError(f'{name} subscribed to "{event}"; {why}')
    module, qualified = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    try:
        found = find(module, qualified, modules)
    except CalloutError:
        found = None
    if found is None or (found is not function and not _is_older(function, found)):
        raise CalloutError(f"{name} subscribed {qualified or function!r}, which can't be imported by name")
    if problem := unfit(qualified, found, "webhook", "message" if event in MESSAGE_EVENTS else "call"):
        raise CalloutError(f'{name} subscribed to "{event}", and {problem}')
    return Subscription(event, module, qualified)


def _is_older(function: Any, found: Any) -> bool:
    """Whether a function is of a module that was imported anew since, and the other is what took its place."""
    old, new = (getattr(inspect.unwrap(each), "__globals__", None) for each in (function, found))
    return old is not None and new is not None and old is not new and old["__name__"] == new["__name__"]
