"""Calls of which nobody knows, and those that are waited for, of everybody in a file."""

from __future__ import annotations

import asyncio
import time

import pytest

from runtime.dialler.entry import HEADER
from tests.runtime.dialler.exchange import ACCOUNT, FROM, lost_at, number, rows

LEDGER = "guests.csv.calls.csv"


# --- what nobody knows -------------------------------------------------------------------------------


async def test_a_lost_call_is_found_and_is_none_of_the_open_ones(dial, exchange, ledger):
    exchange.after = lost_at(2)

    result = await dial(rows(range(3)))

    assert (result.exit_code, result.stdout) == (0, "3 called, 0 refused, 0 called before, 0 open\n")
    assert exchange.called == {number(n): 1 for n in range(3)}
    assert ledger(number(1))[-1][:2] == ("called", exchange.sid_of(number(1)))


async def test_one_of_which_nobody_knows_is_told_at_the_end_and_called_by_the_next_run(dial, exchange, ledger):
    exchange.before = lost_at(2)

    result = await dial(rows(range(3)))

    assert (result.exit_code, result.stdout) == (3, "2 called, 0 refused, 0 called before, 1 open\n")
    told, summary = result.stderr.splitlines()
    assert told.startswith(f"guests.csv:3: {number(1)}: POST ")
    assert told.endswith("Twilio doesn't list it (yet)")
    assert summary == "nobody knows whether these were called; the next run looks for them"
    assert [what for what, *_ in ledger(number(1))] == ["calling", "open"]

    result = await dial()

    assert (result.exit_code, result.stdout) == (0, "1 called, 0 refused, 2 called before, 0 open\n")
    assert exchange.called == {number(n): 1 for n in range(3)}


async def test_an_outage_stops_the_run_and_is_gone_on_from(dial, exchange):
    exchange.refusals = dict.fromkeys(map(number, range(200)), (503, {}))

    result = await dial(rows(range(200)))

    asked = len(exchange.forms)
    assert 10 <= asked < 20
    assert result.exit_code == 3
    assert result.stdout == f"0 called, 0 refused, 0 called before, {asked} open, {200 - asked} to go\n"
    assert "answers were lost 10 times in a row: POST " in result.stderr
    assert result.stderr.endswith("the same command goes on from here\n")

    exchange.refusals.clear()
    assert (await dial()).stdout == "200 called, 0 refused, 0 called before, 0 open\n"
    assert exchange.called == {number(n): 1 for n in range(200)}


async def test_one_that_comes_to_light_before_the_next_run_is_not_called_again(dial, exchange, ledger):
    exchange.after = lost_at(2)
    exchange.unlisted = {f"CA{2:032}"}
    assert (await dial(rows(range(3)))).exit_code == 3
    exchange.unlisted.clear()

    result = await dial()

    assert (result.exit_code, result.stdout) == (0, "1 called, 0 refused, 2 called before, 0 open\n")
    assert len(exchange.forms) == 3
    assert ledger(number(1))[-1] == ("called", f"CA{2:032}", "found in Twilio's list")


@pytest.mark.parametrize("ahead", [-86_400.0, -60.0, 60.0, 86_400.0])
async def test_it_is_twilios_clock_that_counts(dial, exchange, ahead):
    exchange.ahead = ahead
    exchange.make(number(0), age=30)
    exchange.before, exchange.after = lost_at(1), lost_at(2)
    exchange.unlisted = {f"CA{2:032}"}
    assert (await dial(rows(range(3)))).exit_code == 3
    exchange.unlisted.clear()

    await dial()

    assert exchange.called == {number(0): 2, number(1): 1, number(2): 1}, "one of the two to the first is an older one"


async def test_a_clock_that_is_set_between_two_calls_has_nobody_called_twice(dial, exchange, tmp_path, monkeypatch):
    """Set forward by a minute after the first answer. The second one is lost; its call was not made in that minute."""

    def now(_):
        return time.time() + (60.0 if b",called," in (tmp_path / LEDGER).read_bytes() else 0.0)

    exchange.after = lost_at(2)
    exchange.unlisted = {f"CA{2:032}"}
    (tmp_path / LEDGER).touch()
    monkeypatch.setattr("actors.clock.SystemClock.now", now)
    assert (await dial(rows(range(3)), "--rate", "4")).exit_code == 3
    exchange.unlisted.clear()

    await dial()

    assert exchange.called == {number(n): 1 for n in range(3)}


async def test_two_that_may_be_it_stay_open_until_somebody_decides(dial, exchange, ledger):
    exchange.before = lost_at(2)
    await dial(rows(range(3)))
    sids = [exchange.make(number(1))["sid"] for _ in range(2)]

    for _ in range(2):
        result = await dial()
        assert (result.exit_code, result.stdout) == (3, "0 called, 0 refused, 2 called before, 1 open\n")
        assert f"{number(1)}: any of these calls may be it: {sids[1]}, {sids[0]}\n" in result.stderr

    assert len(exchange.forms) == 3


async def test_an_older_call_to_that_number_is_not_taken_for_ours(dial, exchange):
    exchange.make(number(1), age=60)
    exchange.before = lost_at(2)
    await dial(rows(range(3)))

    await dial()

    assert exchange.called == {number(0): 1, number(1): 2, number(2): 1}


async def test_a_call_is_looked_for_from_the_number_that_may_have_made_it(dial, exchange, ledger):
    other = "+441314960101"
    exchange.after = lost_at(2)
    exchange.unlisted = {f"CA{2:032}"}
    await dial(rows(range(3)), from_=other)
    exchange.unlisted.clear()

    await dial()

    assert exchange.called == {number(n): 1 for n in range(3)}
    assert ledger(number(1))[-1][:2] == ("called", f"CA{2:032}")


async def test_however_the_calling_number_is_written_its_calls_are_found(dial, exchange, ledger):
    exchange.after = lost_at(2)
    exchange.unlisted = {f"CA{2:032}"}
    await dial(rows(range(3)), from_="+44 131 496 0100")
    exchange.unlisted.clear()

    await dial(from_="+44-131-496-0100")

    assert exchange.called == {number(n): 1 for n in range(3)}
    assert {form["From"] for form in exchange.forms} == {FROM}


async def test_another_account_cannot_look_for_these_calls(dial, exchange, monkeypatch):
    await dial(rows(range(3)))
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "1" * 32)

    result = await dial()

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{LEDGER}: has calls of {ACCOUNT}, which AC1111" in result.stderr
    assert len(exchange.forms) == 3


async def test_another_api_cannot_look_for_these_calls_nor_do_they_count_there(dial, exchange, ledger, monkeypatch):
    """As after a try on a stand-in: nobody was called there who is to be called by Twilio."""
    await dial(rows(range(3)))
    here = exchange.url
    monkeypatch.setenv("SWITCHHOOK_API_URL", "http://127.0.0.1:1")

    result = await dial()

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{LEDGER}: has calls made at {here}, which http://127.0.0.1:1 can't look for; " in result.stderr
    assert len(exchange.forms) == 3

    monkeypatch.setenv("SWITCHHOOK_API_URL", f"{here}/")
    assert (await dial()).stdout == "0 called, 0 refused, 3 called before, 0 open\n"


async def test_a_ledger_that_does_not_say_by_which_api_its_calls_were_made_is_gone_on_with(dial, exchange, tmp_path):
    await dial(rows(range(3)))
    text = (tmp_path / LEDGER).read_text(encoding="utf-8")
    (tmp_path / LEDGER).write_text(text.replace(exchange.url, ""), encoding="utf-8")

    assert (await dial()).stdout == "0 called, 0 refused, 3 called before, 0 open\n"


async def test_no_password_of_an_application_is_in_the_ledger(dial, exchange, tmp_path):
    told = {"code": 21211, "message": "not for https://jane:s3cret@h/voice", "status": 400}
    exchange.refusals[number(1)] = (400, told)

    await dial(rows(range(3)), whom="https://jane:s3cret@h/voice?x=1")

    text = (tmp_path / LEDGER).read_text(encoding="utf-8")
    assert f"begun,{exchange.url},{FROM},{ACCOUNT},https://h/voice?x=1\n" in text
    assert "not for https://h/voice" in text
    assert "s3cret" not in text
    assert {form["Url"] for form in exchange.forms} == {"https://jane:s3cret@h/voice?x=1"}


async def test_a_torn_line_is_told(dial, exchange, tmp_path):
    await dial(rows(range(3)))
    whole = (tmp_path / LEDGER).read_bytes()
    (tmp_path / LEDGER).write_bytes(whole.removesuffix(b",queued\n"))

    result = await dial()

    assert result.exit_code == 0
    assert result.stderr.endswith("guests.csv.calls.csv: a crash has torn its last line, which is left out\n")
    assert exchange.called == {number(n): 1 for n in range(3)}, "the call of the torn line was found"


BY_HAND = f"2026-09-01T12:00:00.590Z,called,{number(1)},{FROM},CA9,found in the console"


@pytest.mark.parametrize("begun", [True, False])
async def test_a_number_that_somebody_has_written_down_as_called_is_not_called(dial, exchange, tmp_path, begun):
    """At the end of the file, and the line's own end is missing."""
    if begun:
        exchange.before = lost_at(1)
        await dial(rows([1]))
    else:
        (tmp_path / LEDGER).write_bytes(HEADER)
    with (tmp_path / LEDGER).open("a", encoding="utf-8") as file:
        file.write(BY_HAND)

    result = await dial(rows([1]))

    assert (result.exit_code, result.stdout, result.stderr) == (0, "0 called, 0 refused, 1 called before, 0 open\n", "")
    assert len(exchange.forms) == begun


@pytest.mark.parametrize("end", ["", "\n"])
async def test_nor_is_anybody_called_while_its_sid_is_missing(dial, exchange, tmp_path, end):
    (tmp_path / LEDGER).write_bytes(HEADER + BY_HAND.replace("CA9", "").encode() + end.encode())

    result = await dial(rows([1]))

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{tmp_path / LEDGER}:2: is no entry: called is of a call, and has no SID; mend it")
    assert exchange.forms == []


# --- waiting -----------------------------------------------------------------------------------------


async def test_waiting_tells_how_the_calls_ended(dial, exchange, ledger):
    ends = ["completed", "busy", "completed", "no-answer", "failed", "completed"]
    exchange.statuses = {number(n): end for n, end in enumerate(ends)}

    result = await dial(rows(range(6)), "--wait")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "6 called, 0 refused, 0 called before, 0 open",
        "completed 3, busy 1, no-answer 1, failed 1",
    ]
    assert result.stderr == "3 calls not completed\n"
    assert ledger(number(3))[-1] == ("ended", exchange.sid_of(number(3)), "no-answer")


async def test_waiting_for_calls_that_are_all_completed(dial, exchange):
    exchange.statuses = {number(n): "completed" for n in range(30)}

    result = await dial(rows(range(30)), "--wait")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("\ncompleted 30\n")


async def test_the_ends_of_an_earlier_run_are_waited_for_by_a_later_one(dial, exchange):
    exchange.statuses[number(0)] = "busy"
    exchange.refusals[number(2)] = (400, {"code": 21211, "message": "no", "status": 400})
    await dial(rows(range(3)))
    exchange.statuses[number(1)] = "completed"

    for _ in range(2):
        result = await dial("", "--wait")
        assert result.exit_code == 1
        assert result.stdout == "0 called, 1 refused, 2 called before, 0 open\nbusy 1, completed 1\n"
        assert result.stderr == "1 number refused and 1 call not completed\n"

    assert exchange.asked["GET one"] == 2, "what has ended is in the ledger"


async def test_a_line_that_breaks_while_waiting_loses_nothing(dial, exchange):
    exchange.statuses[number(0)] = "completed"
    await dial(rows(range(2)))

    async def gone():
        await exchange.until(lambda: exchange.asked["GET one"] > 0)
        exchange.answers["GET"] = (401, {"code": 20003, "message": "Authenticate", "status": 401})

    result, _ = await asyncio.gather(dial("", "--wait"), gone())

    assert result.exit_code == 1
    assert result.stdout == "0 called, 0 refused, 2 called before, 0 open\n"
    assert result.stderr == "20003: Authenticate\nthe same command goes on from here\n"
    exchange.answers.clear()
    exchange.statuses[number(1)] = "completed"
    assert (await dial("", "--wait")).stdout.endswith("\ncompleted 2\n")
