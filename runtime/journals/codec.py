"""What is kept of a call, as text that people can read, and back.

Everything is JSON. A program is its states and labels; a state whose payload is an extension
holds it as Extended TwiML, the same that a recipe in a `.xml` file has. A program is named by a
digest of its text, so that the many calls of one recipe keep it once, on disk and, when they come
back, in memory.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

from actors import JournalError, Row, Snapshot, Subscription
from twiml import Extension, Program, State, TwimlError, decode, encode

LARGEST = 1_000_000
"""Characters that a step, or a program, may have as text."""
RECENT = 256
"""Programs that are held though no call holds them."""

_KEPT = ("machine", "initial_params", "params", "data", "taken", "subscriptions", "announced", "answered")
"""What of a snapshot is in its text; the rest has columns of its own, or is the program."""


class Step(NamedTuple):
    """A step as it is written: the columns of its call, and those of its row of history."""

    call_sid: str
    version: int
    call: tuple[Any, ...]
    row: tuple[Any, ...]
    digest: str
    program: Program


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

    def read(self, digest: str, text: Callable[[], str]) -> Program:
        """The program with this digest: one that is held already, else what its text says."""
        with self._lock:
            program = self._held.get(digest)
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
    text = _dumped({"states": states, "labels": program.labels}, "the program", _encode_sorted)
    if len(text) > LARGEST:
        raise JournalError(f"a program of {len(text):,} characters; the journal keeps {LARGEST:,} at most")
    return text


def program_of(text: str) -> Program:
    """The program that was kept as this text. Raises `JournalError` if it isn't one."""
    try:
        kept = json.loads(text)
        states = (State(rank, _payload_of(payload), transition) for rank, payload, transition in kept["states"])
        return Program(states, kept["labels"])
    except (ValueError, KeyError, TypeError, AttributeError, TwimlError) as problem:
        raise JournalError(f"a program in the journal can't be read: {problem}") from problem


def pack(snapshot: Snapshot, row: Row, programs: Programs) -> Step:
    """A step as it is written. Raises `JournalError` for what can't be kept."""
    sid, digest = snapshot.call_sid, programs.digest(snapshot.program)
    text = _dumped({name: getattr(snapshot, name) for name in _KEPT}, sid)
    params = _dumped(row.params, sid)
    size = len(text) + len(params) + len(row.answer)
    if size > LARGEST:
        hint = "; is call.data too large?" if len(_dumped(snapshot.data, sid)) > LARGEST // 2 else ""
        raise JournalError(f"{sid}: a step of {size:,} characters; the journal keeps {LARGEST:,} at most{hint}")
    return Step(
        sid,
        snapshot.version,
        (sid, snapshot.recipe, snapshot.version, snapshot.status, snapshot.started, row.at, digest, text),
        (sid, snapshot.version, row.at, row.kind, row.path, row.step, params, row.answer, row.moved),
        digest,
        snapshot.program,
    )


def snapshot_of(call: tuple[Any, ...], program: Program) -> Snapshot:
    """A snapshot from the columns of its call. Raises `JournalError` if they can't be read."""
    sid, recipe, version, status, started, _, _, text = call
    try:
        read = json.loads(text)
        kept = {name: read[name] for name in _KEPT}
        kept["subscriptions"] = tuple(Subscription(*each) for each in kept["subscriptions"])
        kept["announced"] = tuple(kept["announced"])
    except (ValueError, KeyError, TypeError) as problem:
        raise JournalError(f"{sid}: what the journal keeps of it can't be read: {problem}") from problem
    return Snapshot(sid, recipe, version, status, started, program, **kept)


def row_of(row: tuple[Any, ...]) -> Row:
    """A row of history from its columns. Raises `JournalError` if they can't be read."""
    sid, _, at, kind, path, step, params, answer, moved = row
    try:
        return Row(at, kind, path, step, json.loads(params), answer, bool(moved))
    except ValueError as problem:
        raise JournalError(f"{sid}: a row of its history can't be read: {problem}") from problem


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_encode_sorted = json.JSONEncoder(separators=(",", ":"), allow_nan=False, sort_keys=True).encode


def _dumped(what: Any, whose: str, encode: Callable[[Any], str] = _encode) -> str:
    try:
        return encode(what)
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
