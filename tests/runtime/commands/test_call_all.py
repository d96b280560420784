"""`switchhook call RECIPE --csv FILE`: everybody in a file through a stand-in of the REST API."""

from __future__ import annotations

import asyncio
import csv
import errno
import os
from functools import partial
from urllib.parse import parse_qsl, urlsplit

import pytest

from runtime.twilio import Patience
from tests.runtime.dialler.exchange import ACCOUNT, FROM, Exchange, lost_at, number, rows
from tests.wire import a_call, post

URL = "https://ivr.example.com/voice?x=1"
LEDGER = "guests.csv.calls.csv"


@pytest.fixture
async def exchange(environment, monkeypatch):
    async with Exchange() as exchange:
        monkeypatch.setenv("SWITCHHOOK_API_URL", exchange.url)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setattr("runtime.commands.call.Patience", partial(Patience, first=0.01, look_ups=(0.01, 0.01)))
        monkeypatch.setattr("runtime.dialler.follower.EVERY", 0.01)
        yield exchange


@pytest.fixture
def dial(run, exchange, tmp_path):
    """Run the command over a file, which stays as it was if none is given, beside the loop that answers it."""

    async def dial(content: str = "", *args: object, whom: str = URL, from_: str = FROM):
        if content:
            (tmp_path / "guests.csv").write_text(content, encoding="utf-8")
        words = ["call", whom, "--csv", "guests.csv", "--from", from_, "--rate", "100", *args]
        return await asyncio.to_thread(run, *words)

    return dial


@pytest.fixture
def ledger(tmp_path):
    """What the ledger says of a number."""

    def ledger(to: str) -> list[tuple[str, str, str]]:
        with (tmp_path / LEDGER).open(encoding="utf-8", newline="") as file:
            return [(row["what"], row["sid"], row["detail"]) for row in csv.DictReader(file) if row["to"] == to]

    return ledger


# --- what is called, and how -------------------------------------------------------------------------


async def test_everybody_is_called_once_in_the_order_of_the_file(dial, exchange, ledger):
    numbers = list(range(30, 0, -1))

    result = await dial(rows(numbers))

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "30 called, 0 refused, 0 called before, 0 open\n"
    assert [form["To"] for form in exchange.forms] == list(map(number, numbers))
    assert {(form["From"], form["Url"]) for form in exchange.forms} == {(FROM, URL)}
    assert ledger(number(7)) == [("calling", "", ""), ("called", exchange.sid_of(number(7)), "queued")]


async def test_the_same_again_calls_nobody(dial, exchange):
    await dial(rows(range(5)))

    result = await dial()

    assert (result.exit_code, result.stdout) == (0, "0 called, 0 refused, 5 called before, 0 open\n")
    assert len(exchange.forms) == 5


async def test_who_was_added_to_the_file_is_called(dial, exchange):
    await dial(rows([1, 2]))

    result = await dial(rows([3, 2, 1, 4]))

    assert result.stdout == "2 called, 0 refused, 2 called before, 0 open\n"
    assert exchange.called == {number(n): 1 for n in (1, 2, 3, 4)}


async def test_a_recipe_is_told_of_each_calls_end_and_gets_the_rows_columns(dial, exchange, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com/twilio/")

    await dial(f"to,name,at\n{number(1)},Jane & Joe,\n", whom="menu_with_default")

    [form] = exchange.forms
    assert form == {
        "To": number(1),
        "From": FROM,
        "Url": "https://ivr.example.com/twilio/menu_with_default?name=Jane+%26+Joe&at=",
        "StatusCallback": "https://ivr.example.com/twilio/menu_with_default/status",
        "StatusCallbackEvent": "completed",
    }, "of the two events a form as a dict shows the last"


async def test_a_daemon_says_hello_to_each_by_name(serve, dial, exchange, monkeypatch, folder):
    folder["hello"] = """
        def greet(call):
            return [Say("Hello " + call.params["name"])]

        recipe = [FunctionExt("greet", fn=greet)]
    """
    daemon = await serve(folder)
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", daemon.url)
    await dial(f"to,name\n{number(1)},Jane Müller\n{number(2)},Joe\n", "--recipes", folder, whom="hello")

    for n, form in enumerate(exchange.forms):
        path = form["Url"].removeprefix(daemon.url)
        reply = await post(daemon, path, a_call(f"CA{n}", "in-progress", Direction="outbound-api", To=form["To"]))
        assert reply.verbs[0] == f"<Say>Hello {['Jane Müller', 'Joe'][n]}</Say>"


async def test_a_urls_own_query_stays(dial, exchange):
    await dial(f"to,name\n{number(1)},Jane\n", whom=f"{URL}#top")

    [form] = exchange.forms
    assert parse_qsl(urlsplit(form["Url"]).query) == [("x", "1"), ("name", "Jane")]


async def test_a_number_that_occurs_twice_is_called_once_and_told(dial, exchange):
    result = await dial(rows([1, 2, 1]))

    assert exchange.called == {number(1): 1, number(2): 1}
    assert result.stderr == f"guests.csv:4: {number(1)} is in line 2 already; it is called once\n"
    assert result.exit_code == 0


async def test_a_file_that_is_wrong_calls_nobody(dial, exchange, tmp_path):
    result = await dial(f"to\n{number(1)}\n0131\n+1\n")

    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.partition(" ")[0] for line in result.stderr.splitlines()] == ["guests.csv:3:", "guests.csv:4:"]
    assert not exchange.asked
    assert not (tmp_path / LEDGER).exists()


# --- refusals ----------------------------------------------------------------------------------------


async def test_who_is_refused_is_told_and_written_down_and_the_others_go_on(dial, exchange, ledger):
    exchange.refusals[number(2)] = (400, {"code": 21211, "message": "Invalid 'To'", "status": 400})
    exchange.refusals[number(3)] = (403, {"code": 21216, "message": "blocked", "status": 403})

    result = await dial(rows(range(5)))

    assert result.exit_code == 1
    assert result.stdout == "3 called, 2 refused, 0 called before, 0 open\n"
    assert sorted(result.stderr.splitlines()) == [
        "2 numbers refused",
        f"guests.csv:4: {number(2)}: 21211: Invalid 'To'",
        f"guests.csv:5: {number(3)}: 21216: blocked",
    ]
    assert ledger(number(2)) == [("calling", "", ""), ("refused", "", "21211: Invalid 'To'")]


async def test_who_was_refused_is_not_asked_for_again_and_still_counts(dial, exchange):
    exchange.refusals[number(2)] = (400, {"code": 21211, "message": "Invalid 'To'", "status": 400})
    await dial(rows(range(5)))

    result = await dial()

    assert (result.exit_code, result.stdout) == (1, "0 called, 1 refused, 4 called before, 0 open\n")
    assert result.stderr == "1 number refused\n"
    assert len(exchange.forms) == 5


STOPPING = {
    "credentials": (401, {"code": 20003, "message": "Authenticate", "status": 401}),
    "permission": (403, {"message": "Forbidden", "status": 403}),
    "no funds": (400, {"code": 10001, "message": "Account is not active", "status": 400}),
    "from": (400, {"code": 21210, "message": "'From' is not verified", "status": 400}),
    "too many": (429, {"code": 20429, "message": "Too many requests", "status": 429}),
    "nowhere": (404, {"code": 20404, "message": "not found", "status": 404}),
    "redirect": (301, {}),
}


@pytest.mark.parametrize("name", STOPPING)
async def test_what_hinders_all_stops_and_can_be_gone_on_from(dial, exchange, ledger, name):
    exchange.refusals = dict.fromkeys(map(number, range(3, 60)), STOPPING[name])

    stopped = await dial(rows(range(60)))

    assert stopped.exit_code == 1
    assert stopped.stdout == "3 called, 0 refused, 0 called before, 0 open, 57 to go\n"
    *problem, how_on = stopped.stderr.splitlines()
    assert len(problem) == 1
    assert how_on == "the same command goes on from here"
    assert [what for what, *_ in ledger(number(3))] == ["calling", "unmade"]
    assert len(exchange.forms) < 60

    exchange.refusals.clear()
    looks = exchange.asked["GET Calls.json"]
    result = await dial()

    assert result.stdout == "57 called, 0 refused, 3 called before, 0 open\n"
    assert exchange.called == {number(n): 1 for n in range(60)}
    assert exchange.asked["GET Calls.json"] == looks + 1, "what was not made need not be looked for"


async def test_wrong_credentials_are_told_before_the_first_call(dial, exchange, tmp_path):
    exchange.answers["GET"] = STOPPING["credentials"]

    result = await dial(rows(range(3)))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "20003: Authenticate\nthe same command goes on from here\n"
    assert not exchange.forms


async def test_nobody_there(dial, exchange, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_API_URL", "http://127.0.0.1:1")

    result = await dial(rows(range(3)))

    assert result.exit_code == 1
    assert "it can't be reached" in result.stderr
    assert result.stderr.endswith("the same command goes on from here\n")


async def test_a_recipe_needs_a_public_url(dial, exchange):
    result = await dial(rows([1]), whom="menu_with_default")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "no public_url: set it to where Twilio finds the daemon that serves menu_with_default\n"


async def test_without_an_account(dial, exchange, monkeypatch):
    monkeypatch.delenv("TWILIO_ACCOUNT_SID")

    result = await dial(rows([1]))

    assert (result.exit_code, result.stderr) == (2, "no account_sid: set TWILIO_ACCOUNT_SID\n")


async def test_a_full_disk_stops_before_anybody_is_called_unwritten(dial, exchange, monkeypatch):
    write = os.write

    def full(fd, octets):
        if number(3).encode() in octets:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, octets)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        result = await dial(rows(range(30)))

    assert result.exit_code == 1
    assert "guests.csv.calls.csv: can't be written: No space left on device" in result.stderr
    assert number(3) not in exchange.called
    await dial()
    assert exchange.called == {number(n): 1 for n in range(30)}


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


async def test_another_account_cannot_look_for_these_calls(dial, exchange, monkeypatch):
    await dial(rows(range(3)))
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "1" * 32)

    result = await dial()

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{LEDGER}: has calls of {ACCOUNT}, which AC1111" in result.stderr
    assert len(exchange.forms) == 3


async def test_a_torn_line_is_told(dial, exchange, tmp_path):
    await dial(rows(range(3)))
    whole = (tmp_path / LEDGER).read_bytes()
    (tmp_path / LEDGER).write_bytes(whole[:-5])

    result = await dial()

    assert result.exit_code == 0
    assert result.stderr.endswith("guests.csv.calls.csv: a crash has torn its last line, which is left out\n")
    assert exchange.called == {number(n): 1 for n in range(3)}, "the call of the torn line was found"


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
        exchange.answers["GET"] = STOPPING["credentials"]

    result, _ = await asyncio.gather(dial("", "--wait"), gone())

    assert result.exit_code == 1
    assert result.stdout == "0 called, 0 refused, 2 called before, 0 open\n"
    assert result.stderr == "20003: Authenticate\nthe same command goes on from here\n"
    exchange.answers.clear()
    exchange.statuses[number(1)] = "completed"
    assert (await dial("", "--wait")).stdout.endswith("\ncompleted 2\n")


# --- one at a time -----------------------------------------------------------------------------------


async def test_the_second_on_the_same_file_is_refused(dial, exchange):
    exchange.before = exchange.hold
    first = asyncio.create_task(dial(rows(range(3))))
    await exchange.until(lambda: bool(exchange.forms))

    second = await dial()
    exchange.over.set()

    assert (second.exit_code, second.stdout) == (1, "")
    assert "guests.csv.calls.csv: another switchhook is calling from this file; wait for its end" in second.stderr
    assert (await first).exit_code == 0
    assert exchange.called == {number(n): 1 for n in range(3)}


async def test_a_link_to_the_file_is_the_same_file(dial, exchange, run, tmp_path):
    await dial(rows(range(3)))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.csv").symlink_to(tmp_path / "guests.csv")

    result = await asyncio.to_thread(run, "call", URL, "--csv", "elsewhere/link.csv", "--from", FROM)

    assert result.stdout == "0 called, 0 refused, 3 called before, 0 open\n"


# --- the command line --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "TO is missing: call TO RECIPE|URL, or RECIPE --csv FILE"),
        (("menu",), "RECIPE|URL is missing: call TO RECIPE|URL, or RECIPE --csv FILE"),
        (("+44", "menu", "more"), "more is too much"),
        (("--csv", "f"), "RECIPE|URL is missing"),
        (("+44", "menu", "--csv", "f"), "menu is too much; with --csv there is no TO: FILE has who is called"),
        (("+44", "menu", "--rate", "2"), "--rate is for --csv: one call has no rate"),
        (("menu", "--csv", "f", "--rate", "0"), "--rate is 0; it is more than 0, and at most 100 calls a second"),
        (("menu", "--csv", "f", "--rate", "-1"), "--rate is -1; it is more than 0, and at most 100 calls a second"),
        (("menu", "--csv", "f", "--rate", "nan"), "--rate is nan; it is more than 0, and at most 100 calls a second"),
        (("menu", "--csv", "f", "--rate", "inf"), "--rate is inf; it is more than 0, and at most 100 calls a second"),
    ],
)
def test_words_that_do_not_go_together(run, words, why):
    result = run("call", *words, "--from", FROM)

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"Error: {why}"


def test_the_help_tells_both_forms_and_every_exit_code(run):
    shown = run("call", "--help").stdout

    assert "call TO RECIPE|URL --from NUMBER" in shown
    assert "call RECIPE|URL --csv FILE --from NUMBER" in shown
    assert "FILE.calls.csv" in shown
    for code in ("Exits with 1", "with 2 if", "with 3 if", "with 130 after Ctrl-C"):
        assert code in " ".join(shown.split())
