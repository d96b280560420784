"""Rule 9: no call goes round for ever, and no document is longer than Twilio reads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twiml.documents import ask, document, give, inside, links, said
from twiml import (
    Client,
    DefaultExt,
    Dial,
    Document,
    DocumentTooLong,
    FunctionExt,
    Gather,
    GotoExt,
    Machine,
    Play,
    Request,
    ResponseExt,
    Returned,
    Say,
    compile,
)

CALLOUT = FunctionExt("look", module="m", fn="f")
ONE = ResponseExt("1", "one", said("one"))


def played(*names: str) -> list[Play]:
    """Verbs that may be as long as one likes; a Say may not."""
    return [Play(f"https://a.b/{name}") for name in names]


GOODBYE = "<Say>Goodbye.</Say><Hangup/>"


def machine(*verbs: Any, base: str = "", max_visits: int = 50) -> Machine:
    return Machine(compile(verbs), base, max_visits=max_visits)


def test_9_a_state_entered_too_often_without_a_word_says_goodbye() -> None:
    call = machine(Gather([Say("a")], after_ext=[ONE]), max_visits=3)
    menus = [ask(call, "1", step or None) for step in range(3)]
    assert [each.startswith("<Gather") for each in menus] == [True, True, False]
    assert menus[-1] == GOODBYE
    assert call.ended


def test_9_a_key_starts_the_count_anew() -> None:
    call = machine(Gather([Say("a")], after_ext=[ONE]), max_visits=3)
    ask(call)
    for step in range(1, 10):
        assert ask(call, "1", step, "7" if step % 2 else "").startswith("<Gather")


def test_9_a_loop_of_gotos_comes_to_an_end() -> None:
    call = machine(Say("a"), GotoExt("1"))
    documents = [ask(call)]
    while documents[-1] != GOODBYE:
        documents.append(ask(call, "1", len(documents)))
    assert len(documents) == 50


def test_9_callouts_without_end_come_to_an_end() -> None:
    call = machine(Say("a"), CALLOUT, max_visits=5)
    effect, count = call.step(Request()), 0
    while not isinstance(effect, Document):
        effect, count = call.step(Returned([CALLOUT])), count + 1
    assert count == 4
    assert inside(effect.xml) == f"<Say>a</Say>{GOODBYE}"
    assert effect.ends


def test_9_a_callout_inside_dial_without_end_leaves_no_tag_open() -> None:
    call = machine(Say("a"), Dial([Client("tommy"), CALLOUT]), max_visits=3)
    effect = call.step(Request())
    while not isinstance(effect, Document):
        effect = call.step(Returned([CALLOUT]))
    assert inside(effect.xml) == f"<Say>a</Say>{GOODBYE}"


def test_9_a_callout_held_for_ever_comes_to_an_end() -> None:
    call = machine(CALLOUT, max_visits=4)
    effect = call.step(Request())
    for step in range(1, 10):
        if isinstance(effect, Document):
            break
        call.hold()
        effect = call.step(Request("1", step))
    assert inside(document(effect).xml) == GOODBYE


def test_9_a_document_is_cut_before_it_is_too_long_for_twilio() -> None:
    call = machine(*played(*["x" * 20_000] * 7), base="/r")
    texts = [ask(call).count("<Play>")]
    while not call.ended:
        assert call.document is not None
        [cut] = links(call.document, "/r")
        assert cut.rank == call.state
        texts.append(ask(call, cut.rank, cut.step).count("<Play>"))
    assert texts == [3, 3, 1]


def test_9_bytes_count_not_characters() -> None:
    call = machine(*played(*["漢" * 10_000] * 3))
    assert ask(call).count("<Play>") == 2


def test_9_a_gather_is_not_cut_within() -> None:
    call = machine(*played("x" * 40_000), Gather(played("y" * 30_000), after_ext=[ONE]))
    assert ask(call).endswith("<Redirect>/2?step=1</Redirect>")
    assert ask(call, "2", 1).startswith('<Gather action="/2?step=2"><Play>https://a.b/y')


def test_9_a_document_cut_in_silence_still_rests_at_its_gather() -> None:
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", played("x" * 40_000, "y" * 40_000))]))
    found = document(call.step(Request()))
    assert [(link.tag, link.rank) for link in links(found.xml)] == [("Gather", "1"), ("Redirect", "1.3.2")]
    assert found.state == "1.1"
    assert ask(call, "1", 1, "1") == "<Say>one</Say><Hangup/>"


def test_9_what_a_callout_returns_is_cut_too() -> None:
    call = machine(*played("a" * 30_000), CALLOUT)
    call.step(Request())
    assert give(call, *played("b" * 30_000, "c" * 30_000)).endswith("<Redirect>/3?step=1</Redirect>")


def test_9_a_verb_too_long_by_itself_is_an_error_of_ours_not_of_twilios() -> None:
    call = machine(Dial([CALLOUT]))
    call.step(Request())
    with pytest.raises(DocumentTooLong, match="Twilio reads at most 64 kB"):
        call.step(Returned([Client("x", url="https://a.b/" + "x" * 7_000)] * 10))
