"""What is kept of a call, as text that people can read, and back.

Everything is JSON. A program is its states and labels; a state whose payload is an extension
holds it as Extended TwiML, the same that a recipe in a `.xml` file has. A program is named by a
digest of its text, so that the many calls of one recipe keep it once, on disk and, when they come
back, in memory.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

import orjson

from actors import KEPT_ROWS, JournalError, Letter, Open, Row, Snapshot, Subscription
from twiml import Extension, Program, State, TwimlError, decode, encode

LARGEST = 1_000_000
"""Characters that a step, or a program, may have as text."""
RECENT = 256
"""Programs that are held though no call holds them."""

_KEPT = ("machine", "data", "taken", "ending", "subscriptions", "announced", "awaited")
"""What of every snapshot is in its text; the rest has columns of its own, or is the program."""
_SELDOM = ("answered_by", "reported", "failure", "chain")
"""What is in its text as well, where there is something to tell."""

CALL = "call_sid, recipe, version, status, started, latest, due, program, initial_params, snapshot"
"""The columns of a call, in the order in which they are written and read."""
ROW = "call_sid, version, at, kind, path, step, params, answer, moved, same"
"""Those of a row of its history."""
LETTER = "call_sid, version, number, event, module, function, at, path, step, params, due, tries, reason"
"""Those of a letter."""
OPEN = "call_sid, recipe, started, initial_params, snapshot"
"""Those that are read of a call to list it."""


class Step(NamedTuple):
    """A step as it is written: the columns of its call, of its row of history, and of its letters."""

    call_sid: str
    version: int
    call: tuple[Any, ...]
    """`initial_params` is "" but in the first step, and is never changed afterwards."""
    row: tuple[Any, ...]
    letters: Sequence[tuple[Any, ...]]
    claimant: str
    """Whose claim on the call ends with the step; "" for nobody's."""
    digest: str
    program: Program

    @property
    def usual(self) -> bool:
        """Whether there is nothing to be done but to write its call and its row."""
        return not self.letters and not self.claimant and self.version <= KEPT_ROWS


class Programs:
    """Programs by their digests, each held once. Threads may share it.

    >>> from twiml import Say, compile
    >>> programs, program = Programs(), compile([Say("hello")])
    >>> programs.read(programs.digest(program), lambda: "not asked for") is program
    True
    """

    def __init__(self, recent: int = RECENT) -> None:
        self._most = recent
        self._lock = threading.Lock()
        self._digests: WeakKeyDictionary[Program, str] = WeakKeyDictionary()
        self._held: WeakValueDictionary[str, Program] = WeakValueDictionary()
        self._recent: OrderedDict[str, Program] = OrderedDict()

    def digest(self, program: Program) -> str:
        """A program's digest. Raises `JournalError` if it is too large to be kept."""
        with self._lock:
            digest = self._digests.get(program)
        return digest if digest is not None else self._keep(digest_of(program_text(program)), program)

    def held(self, digest: str) -> Program | None:
        """The program with this digest, if it is held."""
        with self._lock:
            program = self._held.get(digest)
        if program is not None:
            self._keep(digest, program)
        return program

    def read(self, digest: str, text: Callable[[], str]) -> Program:
        """The program with this digest: one that is held already, else what its text says."""
        program = self.held(digest)
        if program is None:
            program = program_of(text())
            self._keep(digest, program)
        return program

    def _keep(self, digest: str, program: Program) -> str:
        with self._lock:
            self._digests.setdefault(program, digest)
            self._held.setdefault(digest, program)
            self._recent[digest] = self._held[digest]
            self._recent.move_to_end(digest)
            while len(self._recent) > self._most:
                self._recent.popitem(last=False)
        return digest


def digest_of(text: str) -> str:
    """The name of a program with this text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def program_text(program: Program) -> str:
    """A program as text, the same for equal programs. Raises `JournalError` if it is too large to be kept.

    >>> from twiml import Say, compile
    >>> program_text(compile([Say("hi")]))
    '{"labels":{},"states":[["1","<Say>hi</Say>","next"],["2","<Hangup/>","exit"]]}'
    """
    states = [(state.rank, _payload_text(state.payload), state.transition) for state in program]
    text = _dumped({"states": states, "labels": program.labels}, "the program", orjson.OPT_SORT_KEYS)
    if len(text) > LARGEST:
        raise JournalError(f"a program of {len(text):,} characters; the journal keeps {LARGEST:,} at most")
    return text


def program_of(text: str) -> Program:
    """The program that was kept as this text. Raises `JournalError` if it isn't one."""
    try:
        kept = orjson.loads(text)
        states = (State(rank, _payload_of(payload), transition) for rank, payload, transition in kept["states"])
        return Program(states, kept["labels"])
    except (ValueError, KeyError, TypeError, AttributeError, TwimlError) as problem:
        raise JournalError(f"a program in the journal can't be read: {problem}") from problem


def pack(snapshot: Snapshot, row: Row, letters: Sequence[Letter], claimant: str, programs: Programs) -> Step:
    """A step as it is written. Raises `JournalError` for what can't be kept."""
    sid, version, digest = snapshot.call_sid, snapshot.version, programs.digest(snapshot.program)
    kept = {name: getattr(snapshot, name) for name in _KEPT}
    kept["subscriptions"] = [list(each) for each in snapshot.subscriptions]
    kept |= {name: value for name in _SELDOM if (value := getattr(snapshot, name))}
    text = _dumped(kept, sid)
    params = _dumped(row.params, sid)
    initial = _dumped(snapshot.initial_params, sid) if version == 1 else ""
    size = len(text) + len(params) + len(initial) + len(row.answer)
    if size > LARGEST:
        hint = "; is call.data too large?" if len(_dumped(snapshot.data, sid)) > LARGEST // 2 else ""
        raise JournalError(f"{sid}: a step of {size:,} characters; the journal keeps {LARGEST:,} at most{hint}")
    at, kind, path, step, _, answer, moved, same = row
    return Step(
        sid,
        version,
        (sid, snapshot.recipe, version, snapshot.status, snapshot.started, at, snapshot.due, digest, initial, text),
        (sid, version, at, kind, path, step, params, answer, moved, same),
        [_letter_columns(each, params if each.params is row.params else _dumped(each.params, sid)) for each in letters],
        claimant,
        digest,
        snapshot.program,
    )


def _letter_columns(letter: Letter, params: str) -> tuple[Any, ...]:
    sid, version, number, subscription, at, path, step, _, due, tries, reason = letter
    return (sid, version, number, *subscription, at, path, step, params, due, tries, reason)


def snapshot_of(call: Sequence[Any], program: Program) -> Snapshot:
    """A snapshot from the columns of its call. Raises `JournalError` if they can't be read."""
    sid, recipe, version, status, started, _, due, _, initial, text = call
    with _readable(sid, "what the journal keeps of it"):
        read = orjson.loads(text)
        kept = {name: read[name] for name in _KEPT} | {name: read[name] for name in _SELDOM if name in read}
        kept["subscriptions"] = tuple(Subscription(*each) for each in kept["subscriptions"])
        kept["announced"] = tuple(kept["announced"])
        first = orjson.loads(initial)
        return Snapshot(sid, recipe, version, status, started, due, program, initial_params=first, **kept)


def row_of(row: Sequence[Any]) -> Row:
    """A row of history from its columns. Raises `JournalError` if they can't be read."""
    sid, _, at, kind, path, step, params, answer, moved, same = row
    with _readable(sid, "a row of its history"):
        return Row(at, kind, path, step, orjson.loads(params), answer, bool(moved), same)


def letter_of(letter: Sequence[Any]) -> Letter:
    """A letter from its columns. Raises `JournalError` if they can't be read."""
    sid, version, number, event, module, function, at, path, step, params, due, tries, reason = letter
    with _readable(sid, "a letter of it"):
        subscription = Subscription(event, module, function)
        return Letter(sid, version, number, subscription, at, path, step, orjson.loads(params), due, tries, reason)


def listed(calls: Iterable[Sequence[Any]]) -> list[Open]:
    """Listed calls from their columns. One that can't be read says so where it matters, and is here without more."""
    return [_open_of(*call) for call in calls]


def _open_of(sid: str, recipe: str, started: float, initial: str, text: str) -> Open:
    with suppress(JournalError), _readable(sid, "what the journal keeps of it"):
        first, state = orjson.loads(initial), orjson.loads(text)["machine"].get("state", "")
        return Open(sid, recipe, started, first.get("From", ""), first.get("To", ""), state)
    return Open(sid, recipe, started, "", "", "")


@contextmanager
def _readable(sid: str, what: str) -> Iterator[None]:
    """What can't be read of a call becomes a `JournalError` that says so."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise JournalError(f"{sid}: {what} can't be read: {problem}") from problem


def _dumped(what: Any, whose: str, option: int | None = None) -> str:
    try:
        return orjson.dumps(what, option=option).decode()
    except (TypeError, ValueError, RecursionError) as problem:
        raise JournalError(f"{whose}: JSON can't hold it: {problem}") from problem


def _payload_text(payload: str | Extension) -> Any:
    if isinstance(payload, str):
        return payload
    try:
        return {"ext": encode([payload], extensions=True)}
    except TwimlError as problem:
        raise JournalError(f"a program that can't be kept: {problem}") from problem


def _payload_of(payload: Any) -> str | Extension:
    if isinstance(payload, str):
        return payload
    [extension] = decode(payload["ext"])
    if not isinstance(extension, Extension):
        raise TypeError(f"{type(extension).__name__} is not an extension")
    return extension
