"""Calls that are made from here, through the whole house: a client, a stand-in of Twilio's, and the daemon."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from actors import MaybeMoved, NotMoved
from runtime.accounts import client_of
from runtime.softphone import Answer, Hold, Press, StandIn
from tests.actors.doubles import bounded, until
from tests.wire import TOKEN

ACCOUNT = "AC" + "1" * 32
TO, FROM = "+441314960123", "+441314960100"
FLOW = """
    told, names = [], []
    def on(webhook, call):
        names.append(call.initial_params.get("name"))
        told.append((webhook.event.name, webhook.call_status, call.answered_by, call.data.get("asked", "")))
    subscriptions = [(event, on) for event in ("completion", "status", "detection", "leg")]
    def ask(call):
        call.data["asked"] = call.answered_by or "nobody"
        return [Say(f"Hello {call.initial_params.get('name', '')}.")]
    recipe = [
        FunctionExt(fn=ask),
        Gather([Say("Press 1 for somebody.")], num_digits=1, after_ext=[
            ResponseExt("1", "somebody", [
                Dial([Number("+441314960999", status_callback_event="ringing completed")]),
                Say("They have gone.")])]),
        LabelExt("survey"), Say("How was it?"), Hangup(),
    ]
"""


class House:
    """A daemon, a stand-in of Twilio's that it is known to, and a client of that."""

    def __init__(self, daemon, twilio, client, module) -> None:
        self.daemon, self.twilio, self.client, self.module = daemon, twilio, client, module

    async def call(self, **asked):
        """Call somebody, and wait until it is over."""
        made = await self.client.make_call(TO, FROM, recipe="menu", **asked)
        await bounded(self.twilio.idle())
        await until(lambda: not self.daemon.callouts.running)
        return self.twilio.calls[made["sid"]]

    @property
    def told(self) -> list[tuple[str, str, str, str]]:
        return self.module.told


@pytest.fixture
async def house(serve, folder, request):
    """The phone that is called does what a test's mark `answers` says."""
    folder["menu"] = FLOW
    folder["other"] = "recipe = [Say('This is the other one.'), Hangup(), Say('Its second state.')]"
    mark = request.node.get_closest_marker("answers")
    async with StandIn(ACCOUNT, TOKEN, answers=mark.args if mark else ()) as twilio:
        daemon = await serve(folder, account_sid=ACCOUNT, api_url=twilio.url, numbers={FROM: "menu"})
        known = daemon.settings.model_copy(update={"public_url": daemon.url})
        async with client_of(known) as client:
            yield House(daemon, twilio, client, folder["menu"])


def answers(*acts: object) -> pytest.MarkDecorator:
    return pytest.mark.answers(*acts)


# --- how it goes -----------------------------------------------------------------------------------


async def test_it_is_answered_and_its_end_is_told(house):
    call = await house.call()

    assert call.transcript.said[:2] == ["Hello .", "Press 1 for somebody."]
    assert house.told[-2:] == [("CALL_STATUS", "completed", "", "nobody")] * 2  # as a status, and as the completion
    assert house.daemon.status()["calls"] == {
        "in_progress": 0, "started": 1, "completed": 1, "failed": 0, "restarts": 0,
    }  # fmt: skip
    assert call.transcript.warnings == []


@answers(Answer("busy"))
async def test_a_busy_line_is_completed_as_well(house):
    await house.call()

    assert house.told == [("CALL_STATUS", "busy", "", ""), ("CALL_STATUS", "busy", "", "")]
    assert house.daemon.status()["calls"]["completed"] == 1
    assert house.daemon.status()["in_progress"] == []


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed"])
async def test_so_is_every_call_that_nobody_answers(house, outcome):
    house.twilio._answers = (Answer(outcome),)

    await house.call()

    assert [each[1] for each in house.told] == [outcome] * 2


@answers(Hold(during="Call"))
async def test_and_one_that_was_canceled_while_it_rang(house):
    made = await house.client.make_call(TO, FROM, recipe="menu")
    await bounded(house.twilio.calls[made["sid"]].held())

    await house.client.update_call(made["sid"], status="canceled")
    await bounded(house.twilio.idle())
    await until(lambda: len(house.told) == 2)

    assert [each[1] for each in house.told] == ["canceled"] * 2


async def test_a_query_is_among_its_first_parameters(house):
    call = await house.call(query={"name": "Jane"})

    assert call.transcript.said[0] == "Hello Jane."


@pytest.mark.parametrize("outcome", ["completed", "busy", "no-answer", "failed"])
async def test_and_known_until_its_end_whether_somebody_answers_or_not(house, outcome):
    house.twilio._answers = () if outcome == "completed" else (Answer(outcome),)

    await house.call(query={"name": "Jane"})

    assert house.told[-1][1] == outcome
    assert set(house.module.names) == {"Jane"}


@answers(Answer(by="machine"))
async def test_who_has_picked_up_is_known_when_it_is_waited_for(house):
    await house.call(machine_detection="Enable")

    assert house.told[-1] == ("CALL_STATUS", "completed", "machine_start", "machine_start")


@answers(Answer(by="fax"))
async def test_or_told_when_it_is_not(house):
    await house.call(machine_detection="Enable", async_amd=True)

    assert "DETECTION" in [each[0] for each in house.told]
    assert house.told[-1] == ("CALL_STATUS", "completed", "fax", "nobody")


@answers(Answer(), Press("1"), Answer("busy"))
async def test_the_legs_that_it_dials_tell_it_how_they_are_getting_on(house):
    call = await house.call()

    legs = [each[:2] for each in house.told if each[0] == "LEG_STATUS"]
    assert legs == [("LEG_STATUS", "ringing"), ("LEG_STATUS", "busy")]
    assert "They have gone." in call.transcript.said
    assert house.daemon.status()["calls"]["started"] == 1


# --- moved -----------------------------------------------------------------------------------------


async def talking(house) -> str:
    """A call whose callee is in a Dial, and stays there."""
    made = await house.client.make_call(TO, FROM, recipe="menu")
    await bounded(house.twilio.calls[made["sid"]].held())
    return made["sid"]


@answers(Answer(), Press("1"), Hold())
async def test_it_is_moved_out_of_a_dial(house):
    sid = await talking(house)

    await bounded(house.daemon.supervisor.redirect(sid, "survey"))
    await bounded(house.twilio.idle())

    transcript = house.twilio.calls[sid].transcript
    assert transcript.said[-1] == "How was it?"
    assert "They have gone." not in transcript.said
    purposes = [request.params.get("DialCallStatus", "") for request in transcript.requests]
    assert any(purposes), "the interrupted Dial's action was asked for too"
    await until(lambda: house.told and house.told[-1][1] == "completed")


@answers(Answer(), Hold())
async def test_it_is_moved_out_of_a_menu_and_hears_it_to_the_end(house):
    sid = await talking(house)

    await bounded(house.daemon.supervisor.redirect(sid, "3"))
    await bounded(house.twilio.idle())

    assert house.twilio.calls[sid].transcript.said == ["Hello .", "Press 1 for somebody.", "How was it?"]
    await until(lambda: house.told and house.told[-1][1] == "completed")


@answers(Answer(), Press("1"), Hold())
async def test_the_command_moves_it(house, run_beside):
    sid = await talking(house)

    code, said = await run_beside("redirect", sid, "survey", "--url", house.daemon.status_url)
    await bounded(house.twilio.idle())

    assert code == 0
    assert said.endswith(f"{sid} goes on at survey\n")
    assert house.twilio.calls[sid].transcript.said[-1] == "How was it?"


@answers(Answer(), Press("1"), Hold())
async def test_the_command_says_why_it_can_not(house, run_beside):
    sid = await talking(house)
    where = house.daemon.status_url

    assert await run_beside("redirect", sid, "9", "--url", where) == (
        1, f"{sid}: the flow has no state and no label '9'\n",
    )  # fmt: skip
    assert await run_beside("redirect", "CA9", "1", "--url", where) == (1, "CA9: there is no such call\n")
    house.twilio.calls[sid].hang_up()
    await bounded(house.twilio.idle())
    assert await run_beside("redirect", sid, "survey", "--url", where) == (1, f"{sid}: the call is over\n")


async def test_the_command_says_that_nobody_is_there(run_beside, unused_tcp_port):
    where = f"http://127.0.0.1:{unused_tcp_port}"

    code, said = await run_beside("redirect", "CA1", "survey", "--url", where)

    assert code == 1
    assert said.startswith(f"{where}: the daemon can't be asked: ")


@answers(Answer(), Press("1"), Hold())
async def test_what_twilio_refuses_leaves_it_where_it_was(house):
    sid = await talking(house)
    house.twilio.refuse(10)

    with pytest.raises(NotMoved, match="20429"):
        await bounded(house.daemon.supervisor.redirect(sid, "survey"))
    house.twilio.calls[sid].hang_up()
    await bounded(house.twilio.idle())

    assert "How was it?" not in house.twilio.calls[sid].transcript.said


@answers(Answer(), Press("1"), Hold())
async def test_it_is_sent_to_another_recipe(house):
    sid = await talking(house)

    await house.client.update_call(sid, recipe="other")
    await bounded(house.twilio.idle())

    transcript = house.twilio.calls[sid].transcript
    assert transcript.said[-1] == "This is the other one."
    assert transcript.warnings == []
    await until(lambda: house.told and house.told[-1][1] == "completed")


@answers(Answer(), Hold())
async def test_or_to_a_state_of_it(house):
    sid = await talking(house)

    await house.client.update_call(sid, recipe="other", state="3")
    await bounded(house.twilio.idle())

    assert house.twilio.calls[sid].transcript.said[-1] == "Its second state."


async def test_many_are_moved_at_once_and_nobody_hears_anothers(house):
    house.twilio._answers = (Answer(), Press("1"), Hold())
    sids = await asyncio.gather(*(talking(house) for _ in range(20)))

    await asyncio.gather(*(bounded(house.daemon.supervisor.redirect(sid, "survey")) for sid in sids))
    await bounded(house.twilio.idle())

    assert {house.twilio.calls[sid].transcript.said[-1] for sid in sids} == {"How was it?"}
    await until(lambda: house.daemon.status()["calls"]["completed"] == 20)


# --- the endpoint ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"json": {"state": "9"}}, 409, "CA1: there is no such call\n"),
        ({"json": {"state": ""}}, 400, 'send {"state": "…"} with the rank or the label to go on at\n'),
        ({"json": {"state": 7}}, 400, 'send {"state": "…"} with the rank or the label to go on at\n'),
        ({"json": ["state"]}, 400, 'send {"state": "…"} with the rank or the label to go on at\n'),
        ({"json": {}}, 400, 'send {"state": "…"} with the rank or the label to go on at\n'),
        (
            {"data": "{", "headers": {"Content-Type": "application/json"}},
            400,
            'send {"state": "…"} with the rank or the label to go on at\n',
        ),
        (
            {"data": "[" * 100_000, "headers": {"Content-Type": "application/json"}},
            400,
            'send {"state": "…"} with the rank or the label to go on at\n',
        ),
        (
            {"data": "{}", "headers": {"Content-Type": "application/json; charset=nope"}},
            400,
            'send {"state": "…"} with the rank or the label to go on at\n',
        ),
        (
            {"json": {"state": "9"}, "headers": {"Host": "evil.example"}},
            403,
            "ask by a name of the loopback, or set status_token\n",
        ),
        ({"json": {"state": "9"}, "headers": {"Host": "localhost:1"}}, 409, "CA1: there is no such call\n"),
        ({"data": {"state": "9"}}, 415, 'send {"state": "…"} as application/json\n'),
    ],
)
async def test_what_is_asked_of_the_endpoint_wrongly(serve, session, sent, status, says):
    daemon = await serve()

    async with session.post(f"{daemon.status_url}/calls/CA1/redirect", **sent) as response:
        assert (response.status, await response.text()) == (status, says)


async def test_only_who_has_the_token_moves_calls(serve, session):
    token = secrets.token_hex()
    daemon = await serve(status_token=token)
    where = f"{daemon.status_url}/calls/CA1/redirect"

    async with session.post(where, json={"state": "1"}) as response:
        assert response.status == 401
    async with session.post(where, json={"state": "1"}, headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 409


async def test_a_daemon_that_is_stopping_moves_nothing(serve, session):
    daemon = await serve()
    daemon.draining = True

    async with session.post(f"{daemon.status_url}/calls/CA1/redirect", json={"state": "1"}) as response:
        assert (response.status, await response.text()) == (409, "CA1: the daemon is stopping\n")
    daemon.draining = False


async def test_what_nobody_knows_has_an_exit_code_of_its_own(serve, run_beside, monkeypatch):
    daemon = await serve()

    async def unsure(*_: object) -> None:
        raise MaybeMoved("CA1: nobody knows")

    monkeypatch.setattr(daemon.supervisor, "redirect", unsure)
    assert await run_beside("redirect", "CA1", "1", "--url", daemon.status_url) == (3, "CA1: nobody knows\n")
