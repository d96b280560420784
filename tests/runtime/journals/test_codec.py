"""What is kept of a call as text: it comes back equal, can be read, and is never too large."""

from __future__ import annotations

import doctest
import gc
import importlib
import json
import weakref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import JournalError
from runtime.journals import codec
from runtime.journals.codec import Programs, digest_of, pack, program_of, program_text, row_of, snapshot_of
from tests.runtime.journals.examples import PROGRAM, row, snapshot
from tests.twiml.strategies import flows, requests, returned
from twiml import (
    Callout,
    DefaultExt,
    Document,
    FunctionExt,
    Gather,
    GotoExt,
    LabelExt,
    Machine,
    PromptExt,
    ResponseExt,
    Returned,
    Say,
    TwimlError,
    compile,
)

SLOW = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXT,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=10,
)
"""Whatever JSON has."""


def there_and_back(program):
    return program_of(program_text(program))


@SLOW
@given(flows())
def test_a_program_comes_back_equal(flow):
    program = compile(flow)
    again = there_and_back(program)

    assert again == program
    assert list(again) == list(program)
    assert again.labels == program.labels
    assert program_text(again) == program_text(program)


@SLOW
@given(st.data())
def test_a_program_comes_back_equal_after_each_splice(data):
    machine = Machine(compile(data.draw(flows())), "/x")
    for _ in range(3):
        effect = machine.step(data.draw(requests(machine, "/x")))
        for _ in range(3):
            if isinstance(effect, Document):
                break
            assert isinstance(effect, Callout)
            try:
                effect = machine.step(Returned(data.draw(returned(machine.program, effect.rank))))
            except TwimlError:
                return
            assert there_and_back(machine.program) == machine.program
        if isinstance(effect, Callout):
            machine.hold()


@SLOW
@given(st.dictionaries(TEXT, JSON, max_size=4), st.dictionaries(TEXT, TEXT, max_size=4), st.lists(TEXT, max_size=3))
def test_a_snapshot_comes_back_equal_whatever_its_data(data, params, announced):
    kept = snapshot(data=data, initial_params=params, machine=data, announced=tuple(announced))
    line = row(params=params)

    step = pack(kept, line, (), "", Programs())

    assert snapshot_of(step.call, PROGRAM) == kept
    assert row_of(step.row) == line


def test_every_extension_that_a_state_may_hold_comes_back():
    title = PromptExt({"en-GB": "sales", "de-DE": "Verkauf"})
    flow = [
        LabelExt("top"),
        Gather(
            [Say("?")],
            input="dtmf speech",
            after_ext=[
                ResponseExt("1", title, [FunctionExt("who's there", "office", "who")], speech=["yes", "yes please"]),
                DefaultExt("otherwise", [GotoExt("top")]),
            ],
        ),
    ]
    program = compile(flow)

    assert there_and_back(program) == program
    assert {type(state.payload) for state in there_and_back(program)} >= {ResponseExt, DefaultExt, FunctionExt, GotoExt}


def test_a_program_can_be_read_by_people():
    text = program_text(compile([Say("hi"), FunctionExt("the hours", "office", "hours")]))

    first, second, last = json.loads(text)["states"]
    assert first == ["1", "<Say>hi</Say>", "next"]
    assert '<ext:Function title="the hours" module="office" fn="hours"/>' in second[1]["ext"]
    assert last == ["3", "<Hangup/>", "exit"]


def test_equal_programs_have_the_same_text_whatever_the_order_of_their_labels():
    program = compile([LabelExt("b"), Say("x"), LabelExt("a"), Say("y")])
    other = type(program)(program.states, dict(reversed(program.labels.items())))

    assert other == program
    assert program_text(other) == program_text(program)


def test_programs_that_differ_have_different_digests():
    texts = [program_text(compile([Say(f"hello {n}")])) for n in range(50)]

    assert len({digest_of(text) for text in texts}) == 50


# --- programs are shared -------------------------------------------------------------------------


def test_equal_programs_come_back_as_one():
    programs = Programs()
    text = program_text(PROGRAM)

    found = [programs.read(digest_of(text), lambda: text) for _ in range(100)]

    assert len({id(each) for each in found}) == 1
    assert programs.digest(found[0]) == digest_of(text)


def test_a_program_that_a_call_holds_is_shared_though_others_came_since():
    programs = Programs(recent=2)
    texts = [program_text(compile([Say(f"{n}")])) for n in range(9)]
    held = programs.read(digest_of(texts[0]), lambda: texts[0])

    for text in texts:
        programs.read(digest_of(text), lambda text=text: text)

    assert programs.read(digest_of(texts[0]), lambda: pytest.fail("it is held")) is held


def test_a_program_that_nobody_holds_is_let_go_in_time():
    programs = Programs(recent=2)
    texts = [program_text(compile([Say(f"{n}")])) for n in range(9)]
    seen = weakref.ref(programs.read(digest_of(texts[0]), lambda: texts[0]))

    for text in texts[1:]:
        programs.read(digest_of(text), lambda text=text: text)
    gc.collect()

    assert seen() is None


# --- what can't be kept, or read -----------------------------------------------------------------


@pytest.mark.parametrize("data", [{"a": object()}, {"a": {1, 2}}, {"a": 2**64}, {"a": "\ud800"}])
def test_what_json_can_not_hold(data):
    with pytest.raises(JournalError, match="CA1: JSON can't hold it"):
        pack(snapshot(data=data), row(), (), "", Programs())


def test_data_that_is_too_large_is_told_of():
    with pytest.raises(JournalError, match=r"CA1: a step of 1,0\d\d,\d\d\d characters; .* is call.data too large\?"):
        pack(snapshot(data={"a": "x" * codec.LARGEST}), row(), (), "", Programs())


def test_a_row_that_is_too_large_is_told_of():
    with pytest.raises(JournalError, match=r"CA1: a step of .* 1,000,000 at most$"):
        pack(snapshot(), row(answer="x" * codec.LARGEST), (), "", Programs())


def test_a_step_may_be_as_large_as_is_said():
    size = len(pack(snapshot(), row(answer=""), (), "", Programs()).call[-1]) + 2 * len('{"CallSid":"CA1"}')

    pack(snapshot(), row(answer="x" * (codec.LARGEST - size)), (), "", Programs())
    with pytest.raises(JournalError):
        pack(snapshot(), row(answer="x" * (codec.LARGEST - size + 1)), (), "", Programs())


def test_a_program_that_is_too_large_is_told_of(monkeypatch):
    monkeypatch.setattr(codec, "LARGEST", 50)
    with pytest.raises(JournalError, match=r"a program of .* characters; the journal keeps 50 at most"):
        pack(snapshot(), row(), (), "", Programs())


NO_PROGRAMS = [
    "",
    "{",
    "[]",
    "{}",
    '{"states":[],"labels":3}',
    '{"states":[["1"]],"labels":{}}',
    *(
        f'{{"states":[["1",{payload},"next"]],"labels":{{}}}}'
        for payload in (
            "3",
            '{"ext":"<x"}',
            '{"ext":"<Response/>"}',
            '{"ext":"<Response><Say>x</Say></Response>"}',
            '{"xt":"<Response/>"}',
        )
    ),
]


@pytest.mark.parametrize("text", NO_PROGRAMS)
def test_a_text_that_is_no_program(text):
    with pytest.raises(JournalError, match="a program in the journal can't be read"):
        program_of(text)


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"machine":{}}'])
def test_a_text_that_is_no_snapshot(text):
    call = (*pack(snapshot(), row(), (), "", Programs()).call[:-1], text)
    with pytest.raises(JournalError, match="CA1: what the journal keeps of it can't be read"):
        snapshot_of(call, PROGRAM)


def test_a_row_that_can_not_be_read():
    line = pack(snapshot(), row(), (), "", Programs()).row
    with pytest.raises(JournalError, match="CA1: a row of its history can't be read"):
        row_of((*line[:6], "{", *line[7:]))


@pytest.mark.parametrize(
    "module",
    [
        "runtime.journals.codec",
        "runtime.journals.urls",
        "runtime.journals.postgres.arrays",
        "runtime.commands.options",
    ],
)
def test_the_examples_run(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0
