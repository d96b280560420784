"""`switchhook serve` with a database: any daemon answers any webhook of any call."""

from __future__ import annotations

import signal

from tests.wire import a_call, post

ON_FREE_PORTS = ("--port", "0", "--admin-port", "0")
MENU = """
    recipe = [Gather([Say("hello")], num_digits=1, after_ext=[
        ResponseExt("1", "one", [Say("you have pressed one")]),
        ResponseExt("2", "two", [Say("you have pressed two")]),
    ])]
"""


async def test_a_call_goes_on_at_another_daemon_when_its_own_was_killed(start, folder, database, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_JOURNAL", database)
    folder["menu"] = MENU
    one, other = [await (await start("serve", *ON_FREE_PORTS, "--recipes", folder)).listening() for _ in range(2)]

    first = await post(one, "/menu", a_call("CA1"))
    again = await post(other, "/menu", a_call("CA1"))
    one.send(signal.SIGKILL)
    assert await one.ended() == -signal.SIGKILL
    next_ = await post(other, "/menu/1", a_call("CA1", Digits="2"))
    other.send(signal.SIGTERM)

    assert first.verbs == again.verbs
    assert "you have pressed two" in next_.verbs[0]
    assert await other.ended() == 0


def test_a_database_that_can_not_be_reached_keeps_serve_from_starting(run_process):
    done = run_process("serve", *ON_FREE_PORTS, "--journal", "postgresql://switchhook:secret@127.0.0.1:1/calls")

    assert done.returncode == 2
    assert done.stderr.startswith("journal: postgresql://switchhook@127.0.0.1:1/calls: the server can't be reached")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
