"""Random flows that are valid by construction, what callouts return, and what callers ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.twiml.documents import links
from twiml import (
    Client,
    Conference,
    DefaultExt,
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Machine,
    Number,
    Pause,
    Play,
    Program,
    Record,
    Redirect,
    RepeatExt,
    Request,
    ResponseExt,
    Say,
    Sms,
    compile,
)

ELSEWHERE = "https://example.com/elsewhere?a=1&b=2"
KEYS = ["1", "2", "3", "0", "*", "#", "12", "21", "1*", "007"]
PHRASES = ["yes", "yes please", "no", "sales"]
SAID = [*PHRASES, "Sales, PLEASE!", "yes, please do", "yesterday", "hm"]
TEXTS = st.text(st.sampled_from("aé漢🎉 <>&\"'~%\n"), max_size=6)
PHONES = st.sampled_from(["+441314960123", "+15005550006"])
FLAGS = st.sampled_from([None, True, False, "true", "FALSE"])
ACTIONS = st.sampled_from([None, None, None, None, ELSEWHERE])
CALLOUTS = st.builds(FunctionExt, title=st.just("look it up"), module=st.just("office"), fn=st.sampled_from(["a", "b"]))

HUGE = st.builds(pow, st.just(10), st.just(5000))
"""More digits than Python agrees to print."""
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.binary(),
        st.text(st.characters()),
        HUGE,
        st.sampled_from([object(), type, len, Say, "\ud800", "true", "1", "POST"]),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.sets(st.integers())),
    max_leaves=4,
)
"""Whatever Python has, most of it no use in a flow."""

NOUNS = st.one_of(
    st.builds(Number, PHONES, send_digits=st.sampled_from([None, "ww1"])),
    st.builds(Client, st.sampled_from(["tommy", "jane & co"])),
)
CONFERENCES = st.builds(
    Conference, st.sampled_from(["bingo", "<hall>"]), record=st.sampled_from([None, "record-from-start"])
)
SPOKEN = st.one_of(
    st.builds(Say, TEXTS, language=st.sampled_from([None, "en-GB", "de"])),
    st.builds(Play, st.just(ELSEWHERE)),
    st.builds(Pause, length=st.sampled_from([None, 3])),
)
PLAIN = st.one_of(SPOKEN, st.builds(Sms, TEXTS, to=PHONES, from_=PHONES))
WAITING = st.one_of(
    st.builds(Record, transcribe=FLAGS, play_beep=FLAGS, action=ACTIONS),
    st.builds(
        Dial,
        st.one_of(
            PHONES,
            CONFERENCES.map(lambda one: [one]),
            st.lists(st.one_of(NOUNS, NOUNS, CALLOUTS), min_size=1, max_size=3),
        ),
        record=st.sampled_from([None, "record-from-answer", "do-not-record"]),
        action=ACTIONS,
    ),
)
EXITS = st.sampled_from([Hangup(), Redirect(ELSEWHERE)])
ANYWHERE = GotoExt("1")
"""A goto that has not been aimed yet; every flow has a state of this rank."""


@st.composite
def _bodies(draw: st.DrawFn, names: list[str], depth: int, least: int = 0) -> list[Any]:
    """Verbs for a flow or a branch; what labels they hold is added to `names`."""
    verbs: list[Any] = []
    for _ in range(draw(st.integers(least, 3))):
        if draw(st.integers(0, 4)) == 0:
            names.append(f"label{len(names)}")
            verbs.append(LabelExt(names[-1]))
        kinds = [PLAIN, PLAIN, CALLOUTS, CALLOUTS, WAITING, st.just(ANYWHERE), EXITS]
        menus = [_gathers(names, depth - 1)] * 4 if depth else []
        verbs.append(draw(draw(st.sampled_from([*kinds, *menus]))))
    return verbs


@st.composite
def _gathers(draw: st.DrawFn, names: list[str], depth: int) -> Gather:
    body = draw(st.lists(SPOKEN, max_size=2))
    if draw(st.integers(0, 5)) == 0:
        return Gather(body, action=ELSEWHERE)
    length = draw(st.sampled_from([None, 1, 2]))
    keys = [key for key in KEYS if length in (None, len(key))]
    listens = draw(st.booleans())
    unheard = list(draw(st.permutations(PHRASES))) if listens else []
    after: list[Any] = [
        ResponseExt(
            key,
            f"title {key}",
            draw(_bodies(names, depth)),
            speech=[unheard.pop() for _ in range(min(draw(st.integers(0, 2)), len(unheard)))] or None,
        )
        for key in draw(st.lists(st.sampled_from(keys), max_size=3, unique=True))
    ]
    if unheard and draw(st.booleans()):
        after.append(ResponseExt("", "only said", draw(_bodies(names, depth)), speech=[unheard.pop()]))
    silence = draw(st.sampled_from(["default", "default", "repeat", "none"]))
    if silence == "default" or not after:
        after.append(DefaultExt("otherwise", draw(_bodies(names, depth))))
    elif silence == "repeat":
        after.append(RepeatExt())
    return Gather(
        body,
        num_digits=length,
        input="dtmf speech" if listens else None,
        auto_menu_ext=draw(FLAGS),
        after_ext=draw(st.permutations(after)),
    )


def goals(program: Program) -> list[str]:
    """The ranks and labels that a goto may name."""
    homes = program.shape.homes
    return [state.rank for state, home in zip(program, homes, strict=True) if home is None] + list(program.labels)


def _aimed(draw: st.DrawFn, verbs: Sequence[Any], targets: Sequence[str]) -> list[Any]:
    """The same verbs, each goto with a target of its own."""

    def aim(verb: Any) -> Any:
        if isinstance(verb, GotoExt):
            return GotoExt(draw(st.sampled_from(targets)))
        if isinstance(verb, Gather):
            return replace(verb, after_ext=[aim(each) for each in verb.after_ext])
        if isinstance(verb, (ResponseExt, DefaultExt)):
            return replace(verb, body=[aim(each) for each in verb.body])
        return verb

    return [aim(verb) for verb in verbs]


@st.composite
def flows(draw: st.DrawFn, depth: int = 2) -> list[Any]:
    """A whole flow, valid, with menus `depth` deep at most."""
    verbs = draw(_bodies([], depth, least=2))
    if len(verbs) == 2 and isinstance(verbs[0], FunctionExt) and isinstance(verbs[1], Hangup):
        verbs.insert(0, Pause())  # or it would compile to what a lone callout does, whose result is the flow itself
    return _aimed(draw, verbs, goals(compile(verbs)))


@st.composite
def returned(draw: st.DrawFn, program: Program, rank: str) -> list[Any]:
    """What the callout at `rank` may return: verbs, or nouns where it stands inside Dial."""
    at = program.find(rank)
    assert at is not None
    if program.shape.homes[at] is not None:
        alone = program.shape.homes.count(program.shape.homes[at]) <= 2  # then somebody must be named
        return draw(st.lists(st.one_of(NOUNS, NOUNS, CALLOUTS), min_size=int(alone), max_size=2))
    taken = 1 + max((int(name.removeprefix("label")) for name in program.labels), default=0)
    names = [""] * taken
    fresh = draw(_bodies(names, depth=1))
    new = [verb.name for verb in fresh if isinstance(verb, LabelExt)]
    return _aimed(draw, fresh, [*goals(program), *new])


@st.composite
def requests(draw: st.DrawFn, machine: Machine, base: str = "") -> Request:
    """What may come in: what the present document asks for, most of all, but also anything else."""
    written = links(machine.document, base) if machine.document else []
    keyed = draw(st.sampled_from(["", "", *KEYS, "9"]))
    spoken = draw(st.sampled_from(["", "", "", *SAID]))
    if written and draw(st.integers(0, 3)):
        link = draw(st.sampled_from(written))
        return Request(link.rank, link.step, keyed, spoken)
    rank = draw(st.sampled_from([None, "99.9", *(state.rank for state in machine.program)]))
    step = draw(st.sampled_from([None, *range(machine.steps + 1)]))
    return Request(rank, step, keyed, spoken)
