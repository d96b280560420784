"""`switchhook call RECIPE --csv FILE`: everybody in a file through a stand-in of the REST API."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import stat
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.runtime.commands.conftest import A_URL
from tests.runtime.dialler.exchange import FROM, number, quietly, rows
from tests.wire import a_call, post

LEDGER = "guests.csv.calls.csv"


# --- what is called, and how -------------------------------------------------------------------------


async def test_everybody_is_called_once_in_the_order_of_the_file(dial, exchange, ledger):
    numbers = list(range(30, 0, -1))

    result = await dial(rows(numbers))

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "30 called, 0 refused, 0 called before, 0 open\n"
    assert [form["To"] for form in exchange.forms] == list(map(number, numbers))
    assert {(form["From"], form["Url"]) for form in exchange.forms} == {(FROM, A_URL)}
    assert ledger(number(7)) == [("calling", "", ""), ("called", exchange.sid_of(number(7)), "queued")]


async def test_the_same_again_calls_nobody(dial, exchange):
    await dial(rows(range(5)))

    result = await dial()

    assert (result.exit_code, result.stdout) == (0, "0 called, 0 refused, 5 called before, 0 open\n")
    assert len(exchange.forms) == 5


async def test_the_same_file_for_something_else_is_told_whose_calls_there_are(dial, exchange, tmp_path):
    other = "https://ivr.example.com/other"
    await dial(rows(range(3)))

    told = [
        await dial(whom=other),
        await dial(whom=other),
        await dial(f"{rows([0, 1, 2, 3])}", whom=other),
        await dial(),
    ]

    whose = [(A_URL, other)] * 3 + [(other, A_URL)]
    assert [each.stderr for each in told] == [
        f"{tmp_path / LEDGER}: has calls of {theirs}, and whom it has done with isn't called for {ours}; "
        "move it away to have all called\n"
        for theirs, ours in whose
    ]
    assert [each.exit_code for each in told] == [0] * 4
    assert exchange.called == {number(n): 1 for n in range(4)}


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
        "StatusCallback": "https://ivr.example.com/twilio/menu_with_default/status?name=Jane+%26+Joe&at=",
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


async def test_who_picks_up_is_asked_for_with_every_call(dial, exchange):
    await dial(rows([1, 2]), "--machine-detection", "DetectMessageEnd")

    assert [form["MachineDetection"] for form in exchange.forms] == ["DetectMessageEnd"] * 2


async def test_a_urls_own_query_stays(dial, exchange):
    await dial(f"to,name\n{number(1)},Jane\n", whom=A_URL)

    [form] = exchange.forms
    assert parse_qsl(urlsplit(form["Url"]).query) == [("x", "1"), ("name", "Jane")]


@pytest.mark.parametrize("overrides", ["#rc=2&rp=5xx", "#", "#e=dublin&rp=all"])
@pytest.mark.parametrize(("whom", "with_it"), [("https://h/v", "https://h/v?name=Jane"), (A_URL, f"{A_URL}&name=Jane")])
async def test_connection_overrides_stay_behind_the_query(dial, exchange, whom, with_it, overrides):
    """'Connection overrides': the fragment says how Twilio connects, and how often it tries again."""
    await dial(f"to,name\n{number(1)},Jane\n", whom=whom + overrides)

    [form] = exchange.forms
    assert form["Url"] == with_it + overrides


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


async def test_a_ledger_that_is_none_calls_nobody(dial, exchange, tmp_path):
    (tmp_path / LEDGER).write_text("who,when\n")

    result = await dial(rows([1]))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "it doesn't begin as a ledger of calls does; mend it, or move it away" in result.stderr
    assert not exchange.asked


async def test_a_recipe_that_is_not_there_calls_nobody(dial, exchange, tmp_path):
    result = await dial(rows([1]), whom="menu_with_defalt")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean menu_with_default?" in result.stderr
    assert not exchange.asked
    assert not (tmp_path / LEDGER).exists()


# --- refusals ----------------------------------------------------------------------------------------


async def test_who_is_refused_is_told_and_written_down_and_the_others_go_on(dial, exchange, ledger):
    exchange.refusals[number(2)] = (400, {"code": 21211, "message": "Invalid 'To'", "status": 400})
    exchange.refusals[number(3)] = (403, {"code": 21214, "message": "out of reach", "status": 403})

    result = await dial(rows(range(5)))

    assert result.exit_code == 1
    assert result.stdout == "3 called, 2 refused, 0 called before, 0 open\n"
    assert sorted(result.stderr.splitlines()) == [
        "2 numbers refused",
        f"guests.csv:4: {number(2)}: 21211: Invalid 'To'",
        f"guests.csv:5: {number(3)}: 21214: out of reach",
    ]
    assert ledger(number(2)) == [("calling", "", ""), ("refused", "", "21211: Invalid 'To'")]


async def test_who_was_refused_is_not_asked_for_again_and_still_counts(dial, exchange):
    exchange.refusals[number(2)] = (400, {"code": 21211, "message": "Invalid 'To'", "status": 400})
    await dial(rows(range(5)))

    result = await dial()

    assert (result.exit_code, result.stdout) == (1, "0 called, 1 refused, 4 called before, 0 open\n")
    assert result.stderr == "1 number refused\n"
    assert len(exchange.forms) == 5


async def test_who_is_barred_is_told_and_not_called_in_this_run_and_called_in_the_next(dial, exchange, ledger):
    exchange.refusals[number(2)] = (400, {"code": 21215, "message": "not permitted there", "status": 400})

    result = await dial(rows(range(5)))

    assert (result.exit_code, result.stdout) == (1, "4 called, 1 refused, 0 called before, 0 open\n")
    assert result.stderr.splitlines() == [
        f"guests.csv:4: {number(2)}: 21215: not permitted there; the next run tries again",
        "1 number refused",
    ]
    assert ledger(number(2)) == [("calling", "", ""), ("barred", "", "21215: not permitted there")]
    assert len(exchange.forms) == 5

    exchange.refusals.clear()
    result = await dial()

    assert (result.exit_code, result.stdout) == (0, "1 called, 0 refused, 4 called before, 0 open\n")
    assert exchange.called == {number(n): 1 for n in range(5)}


async def test_a_row_whose_url_is_none_blocks_nobody_behind_it(dial, exchange):
    exchange.refusals[number(2)] = (400, {"code": 21205, "message": "Url is not a valid URL", "status": 400})
    text = "to,name\n" + "".join(f"{number(n)},Guest {n}\n" for n in range(1, 41))

    result = await dial(text)

    assert (result.exit_code, result.stdout) == (1, "39 called, 1 refused, 0 called before, 0 open\n")
    assert f"guests.csv:3: {number(2)}: 21205: Url is not a valid URL; the next run tries again\n" in result.stderr


STOPPING = {
    "credentials": (401, {"code": 20003, "message": "Authenticate", "status": 401}),
    "permission": (403, {"message": "Forbidden", "status": 403}),
    "no funds": (400, {"code": 10001, "message": "Account is not active", "status": 400}),
    "from": (400, {"code": 21210, "message": "'From' is not verified", "status": 400}),
    "too many": (429, {"code": 20429, "message": "Too many requests", "status": 429}),
    "nowhere": (404, {"code": 20404, "message": "not found", "status": 404}),
    "redirect": (301, {}),
    "a proxy": (400, {}),
    "a proxy's credentials": (407, {}),
    "voice": (400, {"code": 10005, "message": "Voice is disabled", "status": 400}),
    "trial": (400, {"code": 10002, "message": "Trial account", "status": 400}),
    "concurrency": (400, {"code": 10004, "message": "Call concurrency limit exceeded", "status": 400}),
    "parameter": (400, {"code": 20001, "message": "Unknown parameters", "status": 400}),
    "another from": (400, {"code": 573002, "message": "Invalid 'From'", "status": 400}),
}


@pytest.mark.parametrize("name", STOPPING)
async def test_what_hinders_all_stops_and_can_be_gone_on_from(dial, exchange, ledger, name):
    exchange.refusals = dict.fromkeys(map(number, range(3, 60)), STOPPING[name])

    stopped = await dial(rows(range(60)))

    assert stopped.exit_code == 1
    assert stopped.stdout == "3 called, 0 refused, 0 called before, 0 open, 57 to go\n"
    *problem, how_on = stopped.stderr.splitlines()
    assert len(problem) == 1
    assert re.match(r"guests\.csv:\d+: \+44\d+: ", problem[0]), "of those that were in hand the first that was met"
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


async def test_a_ledger_that_is_moved_away_during_a_run_has_nobody_called_twice(dial, exchange, tmp_path):
    exchange.after = lambda n: exchange.over.wait() if n == 2 else quietly(n)
    first = asyncio.create_task(dial(rows(range(40)), "--rate", "2"))
    await exchange.until(lambda: len(exchange.forms) == 2)
    (tmp_path / LEDGER).rename(tmp_path / "aside.csv")
    exchange.over.set()
    stopped = await first
    (tmp_path / "aside.csv").rename(tmp_path / LEDGER)

    await dial()

    assert stopped.exit_code == 1
    assert f"{LEDGER}: was moved away during the run; move it back, and begin again" in stopped.stderr
    assert stopped.stdout == "2 called, 0 refused, 0 called before, 0 open, 38 to go\n"
    assert exchange.called == {number(n): 1 for n in range(40)}


async def test_a_link_to_the_file_is_the_same_file(dial, exchange, run, tmp_path):
    await dial(rows(range(3)))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.csv").symlink_to(tmp_path / "guests.csv")

    result = await asyncio.to_thread(run, "call", A_URL, "--csv", "elsewhere/link.csv", "--from", FROM)

    assert result.stdout == "0 called, 0 refused, 3 called before, 0 open\n"


async def test_a_link_that_leads_to_itself_is_told_in_a_line(dial, exchange, tmp_path):
    (tmp_path / "guests.csv").symlink_to(tmp_path / "guests.csv")

    result = await dial()

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "guests.csv: can't be read: Too many levels of symbolic links\n"


async def test_a_folder_that_cannot_be_synced_is_told_in_a_line(dial, exchange, tmp_path, monkeypatch):
    sync = os.fsync

    def no_folder(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(fd)

    monkeypatch.setattr(os, "fsync", no_folder)
    for _ in range(2):
        result = await dial(rows(range(3)))

        assert result.exit_code == 1
        assert result.stderr.startswith(
            f"{tmp_path}: can't be synced to disk: Invalid argument; put the file elsewhere"
        )
    assert not exchange.forms


# --- the command line --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "TO is missing: call TO RECIPE|URL, or RECIPE --csv FILE"),
        (("menu",), "RECIPE|URL is missing: call TO RECIPE|URL, or RECIPE --csv FILE"),
        (("+44", "menu", "more"), "more is too much"),
        (("--csv", "f"), "RECIPE|URL is missing"),
        (("menu", "--csv", ""), "--csv is empty: it takes the name of a FILE"),
        (("+44", "menu", "--csv", "f"), "menu is too much; with --csv there is no TO: FILE has who is called"),
        (("menu", number(1)), f"{number(1)} is a number, and no recipe: TO comes first"),
        ((number(1), "--csv", "f"), f"{number(1)} is a number, and no recipe"),
        (("menu", "guests.csv"), "guests.csv is a file: call RECIPE|URL --csv FILE"),
        (("guests.csv", "menu"), "guests.csv is a file: call RECIPE|URL --csv FILE"),
        (("+44", "menu", "--rate", "2"), "--rate is for --csv: one call has no rate"),
        (
            ("menu", "--csv", "f", "--param", "a=b"),
            "--param is for one call: with --csv the columns of FILE are the parameters",
        ),
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
