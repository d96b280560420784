"""The machine that steps a program, without doing anything.

A machine holds a program and a cursor. It is given an event and gives back an effect; whoever
owns it does the I/O and, for a callout, comes back with what it returned:

    Request   ──►  step()  ──►  Document          send it, the machine rests
                           ──►  Callout           run the function, then
    Returned  ──►  step()  ──►  Document | Callout

One document runs from where the caller is to the next state that must wait for them, or that
ends the call. Twilio reads it alone from there on, and comes back by one of the URLs in it.
What a request means is decided by its URL and by the machine's own state, never by the order in
which requests arrive:

* The path below the recipe is a rank: of the Gather that an input answers, or of the state to
  go on at. A rank that isn't in the program says nothing, and the call goes on where it is.
* `?step=n` names the document that wrote the URL. The machine counts its documents; a request
  for an older one is a repeat, or comes from a verb that was interrupted. It gets the present
  document and moves nothing. Without `?step` a request counts as new.

What may surprise:

* After a Gather the same document goes on with what a silent caller hears, so silence costs no
  request. But nothing may run before the caller gets there: where silence leads to a callout or
  a goto, a Redirect stands in its place.
* A goto is a Redirect, and so is the cut of a document that would exceed what Twilio reads.
* A callout in the middle of a document leaves the draft standing; its verbs take its place in
  this machine's own program, and the draft goes on with them. If the callout takes too long,
  `hold` sends what there is, with a Redirect to the callout's state.
* Nothing here is lost when a step fails: the owner drops the machine and makes it anew from the
  last `snapshot` it has kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from twiml import menu
from twiml.errors import DocumentTooLong, NoSuchState
from twiml.events import Callout, Document, Request, Returned
from twiml.extensions import FunctionExt, ResponseExt
from twiml.languages import nearest
from twiml.phrases import goodbye, hold
from twiml.plan import BASE, STEP, Kind, Step, Written, plan_of
from twiml.program import Program
from twiml.splice import splice
from twiml.validate import LONGEST, ROOM
from twiml.xml import document, quoted

MAX_VISITS = 50
"""How often a state is entered without a key or a word before the call is ended."""


@dataclass(slots=True)
class _Draft:
    """A document in the making."""

    parts: list[str] = field(default_factory=list)
    size: int = 0
    silent: bool = False
    """Whether what is being written is for a caller who said nothing."""
    gathers: list[str] = field(default_factory=list)
    """The Gathers in it that have answers."""
    rests: str | None = None
    """The end of the first Gather in it, where the machine rests."""
    at: int = 0
    whole: int = 0
    """The state last begun outside any tag, and how many parts stood before it."""
    entry: int | None = None
    """The state it began at, if what is written depends on nothing else."""


def _same(value: Any) -> Any:
    return value


_RESTORED: dict[str, Callable[[Any], Any]] = {"visits": dict, "gathers": tuple}
"""How a snapshot's values become a machine's own again."""


class Machine:
    """Steps one call through a program.

    >>> from twiml import Gather, ResponseExt, Say, compile
    >>> menu = [Gather([Say("Press 1")], after_ext=[ResponseExt("1", "one", [Say("One!")])])]
    >>> machine = Machine(compile(menu), base="/menu")
    >>> machine.step(Request()).state
    '1.2'
    >>> machine.step(Request(rank="1", step=1, digits="1")).xml.partition("?>")[2]
    '<Response><Say>One!</Say><Hangup/></Response>'
    """

    __slots__ = (
        "_draft",
        "_plan",
        "base",
        "callouts",
        "document",
        "ended",
        "gathers",
        "language",
        "max_visits",
        "program",
        "stale",
        "state",
        "steps",
        "visits",
    )

    def __init__(
        self, program: Program, base: str = "", *, max_visits: int = MAX_VISITS, language: str | None = None
    ) -> None:
        self.program = program
        self.language = language
        """The caller's language, as `en-GB`; None for the first that a text has."""
        self._plan = plan_of(program, language)
        self.base = quoted(base)[1:-1]
        self.max_visits = max_visits
        self.steps = 0
        self.state = program[0].rank
        self.gathers: tuple[str, ...] = ()
        """The Gathers with answers in the present document; the first answers to an input without a rank."""
        self.document: str | None = None
        self.stale = False
        """Whether the flow has moved on from the present document, by what a callout returned after it."""
        self.ended = False
        self.visits: dict[str, int] = {}
        """How often each state was entered since the caller last keyed or said something."""
        self.callouts = 0
        """How many callouts were begun since then, or programs."""
        self._draft: _Draft | None = None

    def step(self, event: Request | Returned) -> Document | Callout:
        """Take one event. Raises `InvalidFlow` if a callout returned what can't stand in its place."""
        if isinstance(event, Request):
            return self._asked(event)
        draft = self._draft or _Draft()
        draft.entry = None
        return self._run(self._spliced(event.verbs), draft)

    def speak(self, language: str | None) -> None:
        """Go on in another language. What was written before stays as it is."""
        self.language = language
        self._plan = plan_of(self.program, language)

    @property
    def spoken(self) -> str | None:
        """The language of what the machine itself says: the caller's, in a flow that has several."""
        return nearest(self.language, self.program.languages) if self.program.languages else None

    def splice(self, verbs: Sequence[Any]) -> None:
        """Put verbs in the place of the callout the machine rests at, without writing a document."""
        start = self._spliced(verbs)
        self.state = self.program[start].rank if start is not None else self.state
        self.stale = True

    def move(self, target: str) -> None:
        """Have the caller go on at a state, by its rank or label, whatever they are at.

        Twilio is told from outside; what the machine has for it is a document that only redirects. The URLs of the
        one before are older, so the action of the verb that the move interrupts moves nothing, and whoever asks for
        the present document comes to the state as well. Raises `NoSuchState`.
        """
        at = self._entry(self.program.labels.get(target, target))
        if at is None:
            raise NoSuchState(f"the flow has no state and no label {target!r}")
        draft = _Draft()
        self._redirect(draft, self.program[at].rank)
        self._finish(draft, self.program[at].rank)

    def follow(self, before: Machine) -> None:
        """Go on with a call that another program has had: what that has written is older than all of this one's.

        To be sent from one to the other for ever is a loop as well, so each time counts as a callout does.
        """
        self.steps, self.callouts = before.steps, before.callouts + 1

    def hold(self) -> Document:
        """Stop waiting for the callout: what was written so far, the hold phrase, a Redirect to it.

        The machine still rests at the callout, and `splice` may put its verbs there meanwhile.
        """
        assert self._draft is not None, "there is no callout to wait for"
        draft, self._draft = self._draft, None
        draft.entry = None
        del draft.parts[draft.whole :]
        draft.parts.append(hold(self.spoken))
        self._redirect(draft, self.program[draft.at].rank)
        return self._finish(draft, self.state)

    def snapshot(self) -> dict[str, Any]:
        """Everything but the program, as data that JSON can hold."""
        return {
            "steps": self.steps,
            "state": self.state,
            "gathers": list(self.gathers),
            "document": self.document,
            "stale": self.stale,
            "ended": self.ended,
            "callouts": self.callouts,
            "language": self.language,
            "visits": dict(self.visits),
        }

    @classmethod
    def restore(
        cls, program: Program, snapshot: Mapping[str, Any], base: str = "", *, max_visits: int = MAX_VISITS
    ) -> Machine:
        """A machine that goes on from a snapshot."""
        machine = cls(program, base, max_visits=max_visits)
        for name, value in snapshot.items():
            setattr(machine, name, _RESTORED.get(name, _same)(value))
        machine.speak(machine.language)
        return machine

    def _asked(self, request: Request) -> Document | Callout:
        if request.step is not None and request.step < self.steps:
            return self._again()
        at = self._entry(request.rank)
        if request.digits or request.speech:
            gather = self.program.find(self.gathers[0]) if at is None and self.gathers else at
            if gather is not None and gather in self._plan.shape.branches and self._asks(gather, request.step):
                self.visits.clear()
                self.callouts = 0
                return self._enter(self._answer(gather, request))
        if at is None and self.document is not None and not self.stale:
            self.visits[self.state] = self.visits.get(self.state, 0) + 1
            return self._again() if self.visits[self.state] < self.max_visits else self._part(_Draft())
        return self._enter(at if at is not None else self._entry(self.state) or 0)

    def _asks(self, gather: int, step: int | None) -> bool:
        """Whether an input is for this Gather, and not the key that ended a Record before it: the
        document that wrote the URL must have asked."""
        return step is None or self.program[gather].rank in self.gathers

    def _again(self) -> Document:
        assert self.document is not None
        return Document(self.document, self.state, self.ended, moved=False)

    def _entry(self, rank: str | None) -> int | None:
        """The state a request may begin at: the Gather or Dial itself for what stands inside it."""
        at = self.program.find(rank) if rank is not None else None
        if at is None:
            return None
        home = self.program.shape.homes[at]
        return at if home is None else home

    def _answer(self, gather: int, request: Request) -> int:
        """Where an input leads: to the response it means, else the default, else back to the Gather."""
        *responses, otherwise = self._plan.shape.branches[gather]
        answers = [self.program[branch].payload for branch in responses]
        meant = menu.chosen(cast("list[ResponseExt]", answers), request.digits, request.speech)
        if meant is not None:
            return responses[meant]
        return gather if self._plan.steps[otherwise].kind == "goto" else otherwise

    def _enter(self, at: int) -> Document | Callout:
        """Begin a document at a state, unless it was entered too often already."""
        rank = self.program[at].rank
        self.visits[rank] = self.visits.get(rank, 0) + 1
        if max(self.visits[rank], self.callouts) >= self.max_visits:
            return self._part(_Draft(at=at))
        if (before := self._plan.written.get(at)) is not None:
            return self._give(before)
        return self._run(at, _Draft(at=at, entry=at))

    def _run(self, at: int | None, draft: _Draft) -> Document | Callout:
        plan = self._plan
        while at is not None:
            step = plan.steps[at]
            if plan.shape.homes[at] is None:
                if draft.parts and draft.size + step.weight > LONGEST - ROOM:
                    self._redirect(draft, self.program[at].rank)
                    return self._finish(draft, draft.rests or self.program[at].rank)
                draft.at, draft.whole, draft.size = at, len(draft.parts), draft.size + step.weight
            written = self._WRITERS[step.kind](self, at, step, draft)
            if isinstance(written, (Document, Callout)):
                return written
            at = written
        draft.parts.append("<Hangup/>")
        return self._finish(draft, self.program[draft.at].rank, ends=True)

    @staticmethod
    def _url(path: str) -> str:
        return f"{BASE}/{path}?step={STEP}"

    def _write(self, step: Step, draft: _Draft) -> None:
        draft.parts.append(step.text)
        for path, after in step.urls:
            draft.parts.append(self._url(path) + after)

    def _redirect(self, draft: _Draft, rank: str) -> None:
        draft.parts.append(f"<Redirect>{self._url(rank)}</Redirect>")

    def _finish(self, draft: _Draft, state: str, *, ends: bool = False) -> Document:
        written = Written(document("".join(draft.parts)), state, ends, tuple(draft.gathers))
        if draft.entry is not None:
            self._plan.written[draft.entry] = written
        return self._give(written)

    def _give(self, written: Written) -> Document:
        """A document that was written, with this machine's base and the number of this step in its URLs."""
        xml = written.xml.replace(BASE, self.base).replace(STEP, str(self.steps + 1))
        if len(xml) * 4 > LONGEST and (size := len(xml.encode())) > LONGEST:
            raise DocumentTooLong(f"{written.state}: a document of {size} bytes; Twilio reads at most 64 kB")
        self._draft = None
        self.steps += 1
        self.document, self.gathers = xml, written.gathers
        self.state, self.ended, self.stale = written.state, written.ends, False
        return Document(xml, written.state, written.ends)

    def _part(self, draft: _Draft) -> Document:
        """Say goodbye: the flow goes nowhere from here."""
        del draft.parts[draft.whole :]
        draft.parts.append(goodbye(self.spoken))
        draft.entry = None
        return self._finish(draft, self.program[draft.at].rank, ends=True)

    def _spliced(self, verbs: Sequence[Any]) -> int | None:
        program, move, start = splice(self.program, self.state, verbs)
        self.program, self._plan = program, plan_of(program, self.language)
        self.visits = {move(rank): count for rank, count in self.visits.items()}
        return start

    # One writer for each kind of step: it adds to the draft and says which state is next, or ends it.

    def _text(self, at: int, step: Step, draft: _Draft) -> int | None:
        self._write(step, draft)
        return self._plan.shape.follows[at]

    def _open(self, at: int, step: Step, draft: _Draft) -> int:
        self._write(step, draft)
        return at + 1

    def _gather(self, at: int, step: Step, draft: _Draft) -> int | Document | None:
        draft.parts.append(step.text)
        draft.silent, draft.rests = True, draft.rests or self.program[at].rank
        gather = self._plan.shape.homes[at]
        branches = self._plan.shape.branches.get(gather if gather is not None else at)
        if branches is None:
            return self._plan.shape.follows[at]
        draft.gathers.append(self.program[at].rank.rpartition(".")[0])
        otherwise = branches[-1]
        away = self._plan.steps[otherwise].redirect
        if away is None and otherwise not in self._plan.deferred:
            return otherwise
        self._redirect(draft, away or self.program[otherwise].rank)
        return self._finish(draft, draft.rests)

    def _branch(self, at: int, _: Step, __: _Draft) -> int | None:
        return self._plan.shape.follows[at]

    def _wait(self, at: int, step: Step, draft: _Draft) -> Document:
        self._write(step, draft)
        if step.redirect is not None:
            self._redirect(draft, step.redirect)
        return self._finish(draft, draft.rests or self.program[at].rank)

    def _exit(self, at: int, step: Step, draft: _Draft) -> Document:
        self._write(step, draft)
        return self._finish(draft, draft.rests or self.program[at].rank, ends=not draft.silent)

    def _goto(self, at: int, step: Step, draft: _Draft) -> Document:
        self._redirect(draft, step.redirect or self.program[at].rank)
        return self._finish(draft, draft.rests or self.program[at].rank)

    def _callout(self, at: int, _: Step, draft: _Draft) -> Document | Callout:
        if draft.silent:
            del draft.parts[draft.whole :]
            self._redirect(draft, self.program[draft.at].rank)
            return self._finish(draft, draft.rests or self.program[at].rank)
        self.callouts += 1
        if self.callouts >= self.max_visits:
            return self._part(draft)
        function = cast("FunctionExt", self.program[at].payload)
        self._draft, self.state = draft, self.program[at].rank
        return Callout(function, self.state)

    _WRITERS: ClassVar[dict[Kind, Callable[[Machine, int, Step, _Draft], int | Document | Callout | None]]] = {
        "text": _text,
        "open": _open,
        "gather": _gather,
        "branch": _branch,
        "wait": _wait,
        "exit": _exit,
        "goto": _goto,
        "callout": _callout,
    }
