"""What is shown of a status, at the widths that terminals have."""

from __future__ import annotations

import doctest
import io

import pytest
from rich.console import Console

from runtime.commands import board as board_module
from runtime.commands.board import age, board
from runtime.masks import mask

NOW = 1_000_000.0
SID = "CA9e3779b97f4a7c15f39cc0605cedc8"
SIP = "sip:+441314960111@pbx.example.com;transport=tls"


def a_call(number: int = 10, **more):
    return {
        "call_sid": f"{SID}{number:02}",
        "recipe": "bookshop",
        "from": "+441314960123",
        "to": "+441314960100",
        "state": "2.3.1.1",
        "since": NOW - 754,
        "last_event": "gather_response",
    } | more


CALLS = [
    a_call(10),
    a_call(11, recipe="menu_with_default", state="1.2", last_event="start_call", since=NOW - 3),
    a_call(12, recipe="appointment", to="+4915123456789", state="", since=NOW - 12_600),
    a_call(13, recipe="waiting_room", to="anonymous", last_event="goto_state"),
]


def a_status(*calls, **more):
    return {
        "node": "ivr-1:48211",
        "version": "0.1.0",
        "uptime_s": 98_765.4,
        "journal": "sqlite:///calls.db",
        "draining": False,
        "messages": {"conversations": 0, "answered": 0, "failed": 0},
        "calls": {"in_progress": len(calls), "started": 9, "completed": 5, "failed": 0, "restarts": 0},
        "in_progress": list(calls),
        "next": None,
        "dead_letters": 0,
        "failures": [],
    } | more


def shown(status, width=200, *, unmasked=False) -> list[str]:
    """The lines of a status, in a terminal of that width."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(board(status, width, NOW, mask(unmasked)))
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    return [line.rstrip() for line in lines]


def table(status, width, **more) -> list[list[str]]:
    """The cells of the calls, line by line, the header first."""
    lines = shown(status, width, **more)
    header = next(line for line in lines if line.startswith("recipe "))
    columns = [header.index(name) for name in ("recipe", "state", "from", "to", "last event", "call") if name in header]
    rows = lines[lines.index(header) :]
    return [
        [line[start:end].strip() for start, end in zip(columns, [*columns[1:], None], strict=True)] for line in rows
    ]


def test_the_examples():
    assert doctest.testmod(board_module).failed == 0


# --- the calls -----------------------------------------------------------------------------------


def test_at_80_columns_each_call_has_a_line_of_its_own_and_can_be_told_from_the_others():
    assert shown(a_status(*CALLS), 80)[4:] == [
        "recipe             state      age  from           to              call",
        "bookshop           2.3.1.1    12m  +44##########  +44##########   CA9e3779b9…",
        "menu_with_default  1.2         3s  +44##########  +44##########   CA9e3779b9…",
        "appointment                 3h30m  +44##########  +49###########  CA9e3779b9…",
        "waiting_room       2.3.1.1    12m  +44##########  anonymous       CA9e3779b9…",
    ]


def test_at_120_columns_the_call_s_sid_is_whole():
    assert shown(a_status(*CALLS), 120)[4:6] == [
        "recipe             state      age  from           to              last event       call",
        f"bookshop           2.3.1.1    12m  +44##########  +44##########   gather_response  {SID}10",
    ]


@pytest.mark.parametrize("width", [140, 200, 10_000])
def test_where_there_is_room_all_is_shown(width):
    assert shown(a_status(*CALLS), width)[4:] == shown(a_status(*CALLS), 120)[4:]


@pytest.mark.parametrize("width", range(77, 121))
def test_what_tells_calls_apart_is_shown_at_every_width(width):
    rows = shown(a_status(*CALLS), width)[-len(CALLS) :]

    for call, row in zip(CALLS, rows, strict=True):
        assert row.startswith(f"{call['recipe']} ")
        assert call["state"] in row
        assert SID[:10] in row


def test_the_last_event_goes_before_the_sid_is_shortened():
    assert shown(a_status(*CALLS), 105)[4].split() == ["recipe", "state", "age", "from", "to", "call"]
    assert shown(a_status(*CALLS), 105)[5].endswith(f"  {SID}10")


@pytest.mark.parametrize("width", [80, 120])
def test_an_address_that_is_long_is_folded_and_costs_the_others_nothing(width):
    usual, folded = (table(a_status(*CALLS, *more), width) for more in ((), (a_call(14, **{"from": SIP}),)))
    number_of_calls = len(CALLS) + 1

    assert [row[0] for row in folded[:number_of_calls]] == [row[0] for row in usual[:number_of_calls]]
    assert len(folded) > number_of_calls + 1
    names = [row[folded[0].index("from")] for row in folded[number_of_calls:]]
    assert "".join(names) == SIP.replace("1314960111", "#" * 10)


def test_a_sid_that_is_short_is_not_shortened():
    assert shown(a_status(a_call(call_sid="CA123456789")), 70)[-1].endswith("CA123456789")


def test_what_looks_like_markup_is_shown_as_it_is():
    call = a_call(recipe="[red]a[/nonesuch]", state=":smile:", to="client:[bold]x", last_event="[/]")

    line = shown(a_status(call))[-1]

    assert all(each in line for each in ("[red]a[/nonesuch]", ":smile:", "client:[bold]x", "[/]"))


def test_a_call_from_a_clock_that_is_ahead_has_just_begun():
    assert " 0s " in shown(a_status(a_call(since=NOW + 5)))[-1]


def test_how_many_there_are_beside_the_page_is_told():
    calls = {"in_progress": 143, "started": 150, "completed": 7, "failed": 0, "restarts": 0}

    assert shown(a_status(*CALLS, calls=calls, next=SID))[-1] == "and 139 more"
    assert "more" not in "".join(shown(a_status(*CALLS)))


def test_without_calls_there_is_no_table():
    assert len(shown(a_status())) == 3


# --- masks ---------------------------------------------------------------------------------------


def test_numbers_are_masked_wherever_they_are():
    failure = {"sid": SID, "recipe": "office", "reason": "no line to +441314960123", "at": NOW}
    text = "\n".join(shown(a_status(*CALLS, a_call(**{"from": SIP}), failures=[failure])))

    assert "4960" not in text
    assert "no line to +44##########" in text
    assert "sip:+44##########@pbx.example.com" in text


def test_numbers_are_shown_to_who_asks_for_them():
    failure = {"sid": SID, "recipe": "office", "reason": "no line to +441314960123", "at": NOW}
    lines = shown(a_status(a_call(), failures=[failure]), 80, unmasked=True)

    assert "no line to +441314960123" in " ".join(lines)
    assert lines[-1].split()[3:5] == ["+441314960123", "+441314960100"]
    assert "#" not in "".join(lines)


# --- the daemon ----------------------------------------------------------------------------------


def test_how_the_daemon_is():
    assert shown(a_status()) == [
        "ivr-1:48211 switchhook 0.1.0, up 1d3h, sqlite:///calls.db",
        "in progress 0   started 9   completed 5   failed 0   restarts 0",
        "dead letters 0",
    ]
    assert shown(a_status(draining=True))[0].endswith("sqlite:///calls.db   draining")


def test_messages_are_counted_once_there_are_any():
    messages = {"conversations": 2, "answered": 5, "failed": 0}

    assert shown(a_status(messages=messages))[3] == "messages   conversations 2   answered 5   failed 0"


def test_the_latest_failures_are_told_with_their_age():
    failures = [{"sid": f"CA{n}", "recipe": "office", "reason": f"no {n}", "at": NOW - n * 60} for n in range(9)]

    assert shown(a_status(failures=failures))[3:] == [f"failed {n}m ago  CA{n}  office: no {n}" for n in range(4, 9)]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_399, "23h59m"), (86_400, "1d")],
)
def test_an_age_is_short(seconds, told):
    assert age(seconds) == told
