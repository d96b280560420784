"""Who holds the phone: the acts of a caller, and the two who decide them.

Whenever the call waits for its caller, the engine asks a `Caller` with a `Prompt` and gets
an act back. A `Script` performs a list of acts; a `Keypad` (see `terminal`) asks a person.

What a script promises:

- **An act waits for the first prompt that listens for it.** Keys wait for a Gather that takes keys,
  words for one that takes speech (or for a Record), `Answer` for a Dial, `HangUp` for whatever waits
  for the caller next. The prompts that come before hear silence.
- **The keys of one `Press` go to one Gather, as keyed.** Without the finish key, and short of
  numDigits, the caller is taken to stop there: the timeout ends the input. Keys that numDigits leaves over
  are typed ahead, for the next prompt that takes keys (Twilio buffers them, not always); a finish key
  right behind the last digit is swallowed.
- **In a Record** the caller first speaks (`Speak`, or nothing), and then, if the script goes on with it, presses a
  finishing key or hangs up; otherwise silence ends the recording. Put `Silence()` between to keep a key
  for the menu that follows.
- **In a Dial** `Answer` is what the dialled party does. The callee hangs up first, unless `HangUp` comes
  next; `HangUp` without an `Answer` is the caller giving up while it rings.
- **In a queue** `Answer` takes the call. `Answer("no-answer")` is the turn of a caller before this one, and what is
  heard meanwhile runs once more (see `queue`).
- **`Hold` stays in a verb** that waits for the caller until somebody changes the call from outside.
- **A script that is used up is silence**, and a Dial or a queue is answered. So that a repeating menu doesn't go on
  for ever, the caller lets three prompts in a row pass unanswered and hangs up at the fourth. `Silence()` in a
  script is an answer and doesn't count.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KEYS = "0123456789*#ABCD"
OUTCOMES = ("completed", "busy", "no-answer", "failed", "canceled")
ANSWERERS = (
    "human",
    "machine",
    "machine_start",
    "machine_end_beep",
    "machine_end_silence",
    "machine_end_other",
    "fax",
    "unknown",
)
PATIENCE = 3

# --- acts ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Press:
    """Key `keys` at one prompt: `Press("1")`, `Press("23#")`."""

    keys: str

    def __post_init__(self) -> None:
        if not self.keys or set(self.keys) - set(KEYS):
            raise ValueError(f"a phone has the keys {KEYS}; it can't press {self.keys!r}")

    def __str__(self) -> str:
        return f"press {self.keys}"


@dataclass(frozen=True, slots=True)
class Speak:
    """Say `words`, to a Gather that takes speech or into a Record."""

    words: str
    confidence: float = 0.9

    def __str__(self) -> str:
        return f"say {self.words!r}"


@dataclass(frozen=True, slots=True)
class Silence:
    """Let one prompt time out."""

    def __str__(self) -> str:
        return "silence"


@dataclass(frozen=True, slots=True)
class HangUp:
    """Put the phone down: at the next verb that waits for the caller, or in the next one called `during`.

    `HangUp(during="Say")` doesn't let the application finish.
    """

    during: str | None = None

    def __str__(self) -> str:
        return "hang up" if self.during is None else f"hang up during {self.during}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a Dial, or of waiting in a queue: one of Twilio's DialCallStatus values.

    `seconds` is how long they talk (no time passes). `bridged=False`: the callee picked up and was
    never joined to the caller. For an `outbound-api` call a leading `Answer` is whether *this* phone is picked up,
    and `by` who or what does: `human`, `machine` (or more exactly `machine_start`, `machine_end_beep`, …), `fax` or
    `unknown`.
    """

    outcome: str = "completed"
    seconds: int = 20
    bridged: bool = True
    by: str = "human"

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"a Dial ends {', '.join(OUTCOMES)}; not {self.outcome!r}")
        if self.by not in ANSWERERS:
            raise ValueError(f"a call is answered by {', '.join(ANSWERERS)}; not {self.by!r}")

    def __str__(self) -> str:
        return f"answer {self.outcome}" + ("" if self.by == "human" else f" by {self.by}")


@dataclass(frozen=True, slots=True)
class Hold:
    """Stay on the line, in the verb that waits for the caller next, until the call is changed from outside.

    After `seconds` of real time in which nothing happens, hang up. `Hold(during="Call")` lets an outbound call ring.
    """

    seconds: float = 10.0
    during: str | None = None

    def __str__(self) -> str:
        return "hold" if self.during is None else f"hold during {self.during}"


Act = Press | Speak | Silence | HangUp | Answer | Hold

# --- prompts -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prompt:
    """The call waits for its caller: in which verb, for what, and what happens if nothing does.

    Attributes:
        verb: the element's name; `Call` for an outbound call that rings.
        keys: the keys it listens for.
        speech: whether it listens for words.
        answer: whether it waits for another party to pick up.
        finish: the key that ends the input.
        digits: how many keys end it, if a number does.
        default: what a caller without a mind of their own does.
        expects: whether letting it pass leaves a question unanswered.
    """

    verb: str
    keys: str = ""
    speech: bool = False
    answer: bool = False
    finish: str = ""
    digits: int | None = None
    default: Act = Silence()
    expects: bool = False

    def hears(self, act: Act) -> bool:
        """Whether this act means something here."""
        match act:
            case Press(keys):
                return keys[0] in self.keys
            case Speak():
                return self.speech
            case Silence():
                return isinstance(self.default, Silence)
            case HangUp(during) | Hold(_, during):
                # These are for the call; a phone that still rings is not on one.
                return during == self.verb or (during is None and self.verb != "Call")
            case Answer():
                return self.answer


@runtime_checkable
class Caller(Protocol):
    """Who decides. An implementation may take its time; the engine waits."""

    async def answer(self, prompt: Prompt) -> Act:
        """What the caller does at this prompt; `prompt.hears` the act."""

    def hangs_up(self, during: str) -> bool:
        """Whether the caller hangs up in a verb that asks them nothing (Say, Play, Pause, …)."""

    @property
    def left(self) -> Sequence[Act]:
        """The acts that nobody has asked for yet."""


class Script:
    """A caller who performs a list of acts, and then is silent.

    Args:
        acts: what to do, in order.
        patience: how many prompts in a row to leave unanswered before hanging up.
    """

    def __init__(self, acts: Iterable[Act] = (), patience: int = PATIENCE) -> None:
        self._acts = deque(acts)
        self._patience = patience
        self._unanswered = 0

    async def answer(self, prompt: Prompt) -> Act:
        """The script's next act if this prompt hears it, else the prompt's default."""
        if self._acts and prompt.hears(self._acts[0]):
            self._unanswered = 0
            return self._acts.popleft()
        if prompt.expects:
            self._unanswered += 1
            if self._unanswered > self._patience:
                return HangUp()
        return prompt.default

    def hangs_up(self, during: str) -> bool:
        """Whether the script's next act is to hang up in a verb of this name."""
        if self._acts and self._acts[0] == HangUp(during):
            self._acts.popleft()
            return True
        return False

    @property
    def left(self) -> tuple[Act, ...]:
        """The acts not performed yet."""
        return tuple(self._acts)


# --- acts in words -------------------------------------------------------------


def _act(name: str, value: str) -> Act:
    """One command-line option as an act."""
    match name.removeprefix("--"):
        case "press":
            return Press(value)
        case "say":
            return Speak(value)
        case "silence":
            return Silence()
        case "hang-up":
            return HangUp(value or None)
        case "answer":
            return _answer(value or "completed")
    raise ValueError(f"{name}: a script has --press, --say, --silence, --hang-up and --answer")


def _answer(word: str) -> Answer:
    """An outcome, or who picks up.

    >>> _answer("busy").outcome, _answer("machine").by
    ('busy', 'machine')
    """
    if word not in (*OUTCOMES, *ANSWERERS):
        raise ValueError(f"an answer is {', '.join((*OUTCOMES, *ANSWERERS))}; not {word!r}")
    return Answer(by=word) if word in ANSWERERS else Answer(word)


def parse_options(words: Iterable[str]) -> list[Act]:
    """A command line's options as a script, in the order given.

    >>> parse_options(["--press", "1", "--press=23#", "--say", "yes", "--silence", "--hang-up"])
    [Press(keys='1'), Press(keys='23#'), Speak(words='yes', confidence=0.9), Silence(), HangUp(during=None)]

    Raises:
        ValueError: what is wrong, and in which option.
    """
    acts: list[Act] = []
    rest = iter(words)
    for word in rest:
        name, assigned, value = word.partition("=")
        if not assigned and name in {"--press", "--say", "--answer"}:
            try:
                value = next(rest)
            except StopIteration:
                raise ValueError(f"{name} needs a value") from None
        acts.append(_act(name, value))
    return acts


def parse_line(line: str) -> Act | None:
    """What a person typed, as an act; None if it is none (`?`, for one).

    >>> parse_line("23#"), parse_line(""), parse_line("h"), parse_line("?"), str(parse_line("busy"))
    (Press(keys='23#'), Silence(), HangUp(during=None), None, 'answer busy')
    >>> parse_line('"yes, please'), parse_line("say yes")
    (Speak(words='yes, please', confidence=0.9), Speak(words='yes', confidence=0.9))
    """
    line = line.strip()
    if line.startswith('"'):
        return Speak(line.strip('"').strip())
    if spoken := re.fullmatch(r"say\s+(.+)", line):
        return Speak(spoken[1])
    if not line:
        return Silence()
    if line == "h":
        return HangUp()
    if line == "answer" or line in OUTCOMES or line in ANSWERERS:
        return _answer("completed" if line == "answer" else line)
    keys = re.sub(r"[\s-]", "", line)
    return Press(keys) if keys and not set(keys) - set(KEYS) else None
