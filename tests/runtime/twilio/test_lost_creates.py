"""A call or a message whose answer was lost is never made twice: it is found in Twilio's list, or nobody knows."""

from __future__ import annotations

import asyncio
import random
from email.utils import formatdate
from urllib.parse import parse_qs

import pytest
import structlog

from runtime.twilio import Ambiguous, TwilioError
from tests.runtime.twilio.conftest import FROM, NOW, ROOT, TO, Cut, Half, Never, Reply

LOST = [
    Cut(),
    Half(),
    Never(),
    Reply(status=500),
    Reply(status=502),
    Reply(status=408),
    Reply(b"<html/>", 201),
    Reply({}, 201),
    Reply({"sid": ""}, 201),
    Reply(b"", 204),
    Reply(b"[" * 100_000, 201),
]


def a_call(sid: str, made: float | None = NOW, **more: object) -> dict[str, object]:
    date = formatdate(made) if made is not None else None
    return {"sid": sid, "direction": "outbound-api", "status": "queued", "date_created": date, **more}


def a_message(sid: str, body: str = "hello", made: float = NOW, **more: object) -> dict[str, object]:
    return a_call(sid, made, body=body, **more)


def listed(*items: dict[str, object], name: str = "calls", date: float | None = None) -> Reply:
    headers = {"Date": formatdate(date, usegmt=True)} if date is not None else {}
    return Reply({name: list(items), "next_page_uri": None}, headers=headers)


def messages(*items: dict[str, object]) -> Reply:
    return listed(*items, name="messages")


async def make(twilio):
    return await twilio.make_call(TO, FROM, url="https://h/voice")


@pytest.mark.parametrize("lost", LOST)
async def test_a_lost_call_is_found_in_the_list(rest, twilio, lost):
    rest.will(lost, listed(a_call("CA2")))

    made = await make(twilio)

    assert made["sid"] == "CA2"
    assert rest.seen == ["POST Calls.json", "GET Calls.json"]
    assert rest.last.query == [("To", TO), ("From", FROM), ("PageSize", "50")]


@pytest.mark.parametrize("lost", LOST)
async def test_a_lost_message_is_found_in_the_list(rest, twilio, lost):
    rest.will(lost, messages(a_message("SM1", "other"), a_message("SM2")))

    assert (await twilio.send_sms(TO, "hello", from_=FROM))["sid"] == "SM2"

    assert rest.seen == ["POST Messages.json", "GET Messages.json"]


SPACED = "+44 131-496 0123"


async def test_however_the_numbers_are_written_a_lost_one_is_looked_for_as_it_is_listed(rest, twilio):
    rest.will(Cut(), listed(a_call("CA2")), Cut(), messages(a_message("SM2")))

    await twilio.make_call(SPACED, "+44 131 496 0100", url="https://h/voice")
    await twilio.send_sms(SPACED, "hello", from_="+44 131 496 0100")

    assert [dict(each.form or each.query)["To"] for each in rest.asked] == [TO] * 4
    assert [dict(each.form or each.query)["From"] for each in rest.asked] == [FROM] * 4


async def test_two_to_one_number_are_made_one_after_the_other_however_it_is_written(rest, twilio):
    rest.will(Reply(a_call("CA1"), 201), Cut(), listed(a_call("CA2"), a_call("CA1")))

    made = await asyncio.gather(make(twilio), twilio.make_call(SPACED, FROM, url="https://h/voice"))

    assert [each["sid"] for each in made] == ["CA1", "CA2"]
    assert rest.seen == ["POST Calls.json", "POST Calls.json", "GET Calls.json"]


@pytest.mark.parametrize("lost", LOST)
async def test_one_that_is_not_in_the_list_is_not_made_again(rest, twilio, clock, lost):
    rest.will(lost, listed())

    with pytest.raises(Ambiguous, match=r"Twilio doesn't list it \(yet\)") as caught:
        await make(twilio)

    error = caught.value
    assert (error.what, error.candidates, error.exit_code) == (f"POST {ROOT}/Calls.json", (), 3)
    assert rest.seen == ["POST Calls.json"] + ["GET Calls.json"] * 3
    assert clock.waits == [1.0, 3.0, 6.0]
    assert error.since == NOW - 1


async def test_it_may_appear_later(rest, twilio, clock):
    rest.will(Cut(), listed(), listed(), listed(a_call("CA2", NOW + 4)))

    assert (await make(twilio))["sid"] == "CA2"


async def test_the_find_is_logged(rest, twilio):
    rest.will(Cut(), listed(a_call("CA2")))

    with structlog.testing.capture_logs() as logs:
        await make(twilio)

    assert [(each["event"], each["sid"]) for each in logs] == [("twilio_found", "CA2")]


async def test_two_that_may_be_it_are_not_told_apart(rest, twilio):
    rest.will(Cut(), listed(a_call("CA3"), a_call("CA2")))

    with pytest.raises(Ambiguous, match="any of these may be it: CA3, CA2") as caught:
        await make(twilio)

    assert caught.value.candidates == ("CA3", "CA2")
    assert rest.seen == ["POST Calls.json", "GET Calls.json"]


@pytest.mark.parametrize("page", [{"calls": ["x"]}, {"calls": "x"}, {"calls": {"sid": "CA2"}}, ["x"], b"[" * 100_000])
async def test_in_a_list_that_is_none_nothing_is_found(rest, twilio, page):
    rest.will(Cut(), Reply(page))

    with pytest.raises(Ambiguous, match=r"Twilio doesn't list it \(yet\)"):
        await make(twilio)


@pytest.mark.parametrize(
    "another",
    [
        a_call("CA9", NOW - 5),
        a_call("CA9", NOW - 3600),
        a_call("CA9", None, start_time=formatdate(NOW - 5)),
        a_call("CA9", direction="inbound"),
        a_call("CA9", direction="outbound-dial"),
        {"sid": "CA9"},
    ],
)
async def test_an_older_or_other_call_is_not_it(rest, twilio, another):
    rest.will(Cut(), listed(another, a_call("CA2"), another))

    assert (await make(twilio))["sid"] == "CA2"


async def test_a_queued_call_without_a_date_may_be_it(rest, twilio):
    rest.will(Cut(), listed(a_call("CA2", None, start_time=None)))

    assert (await make(twilio))["sid"] == "CA2"


async def test_one_that_this_client_has_made_before_is_not_it(rest, twilio):
    rest.will(Reply(a_call("CA1"), 201), Cut(), listed(a_call("CA2"), a_call("CA1")))

    assert (await make(twilio))["sid"] == "CA1"
    assert (await make(twilio))["sid"] == "CA2"


async def test_one_that_was_found_before_is_not_found_again(rest, twilio):
    rest.will(Cut(), listed(a_call("CA2")), Cut(), listed(a_call("CA2")))

    assert (await make(twilio))["sid"] == "CA2"
    with pytest.raises(Ambiguous):
        await make(twilio)


@pytest.mark.parametrize("off", [-86_400.0, -30.0, 30.0, 86_400.0])
async def test_a_clock_that_is_wrong_does_no_harm(rest, twilio, clock, off):
    """Twilio's clock is another one than ours; the first look is a second after the request."""
    theirs = NOW + off
    rest.will(Cut(), listed(a_call("CA1", theirs - 10), a_call("CA2", theirs), date=theirs + 1))

    assert (await make(twilio))["sid"] == "CA2"


@pytest.mark.parametrize("step", [-60.0, 60.0])
async def test_a_clock_that_is_set_after_the_request_was_sent_does_no_harm(rest, twilio, clock, step):
    """The older call is not taken for the one that was lost, and the one that was lost is not overlooked."""

    class SetAndLost(Cut):
        async def send(self, request, stand_in):
            clock.set = step
            return await super().send(request, stand_in)

    rest.will(SetAndLost(), listed(a_call("CA1", NOW - 10), a_call("CA2"), date=NOW + 1))

    assert (await make(twilio))["sid"] == "CA2"


async def test_the_time_between_two_tries_counts(rest, twilio, clock):
    """Sent at NOW, refused, sent again three seconds later and lost."""
    rest.will(Reply(status=429, headers={"Retry-After": "2"}), Cut(), listed(a_call("CA2", NOW + 3)))

    assert (await make(twilio))["sid"] == "CA2"


@pytest.mark.parametrize(
    "failure", [Reply({"code": 20003, "message": "no"}, 401), Reply(status=503), Cut(), Reply(b"x")]
)
async def test_a_list_that_cannot_be_had_leaves_it_unknown(rest, twilio, failure):
    rest.will(Reply(status=503), failure)

    with pytest.raises(Ambiguous, match="it answered 503; it may have been carried out") as caught:
        await make(twilio)

    assert caught.value.status == 503
    assert rest.seen.count("POST Calls.json") == 1


async def test_a_refusal_is_not_looked_up(rest, twilio):
    rest.will(Reply({"code": 21211, "message": "bad number"}, 400))

    with pytest.raises(TwilioError) as caught:
        await make(twilio)

    assert not isinstance(caught.value, Ambiguous)
    assert rest.seen == ["POST Calls.json"]


# --- messages --------------------------------------------------------------------------------------


async def test_a_trial_accounts_words_before_the_text_do_not_hide_it(rest, twilio):
    rest.will(Cut(), messages(a_message("SM2", "Sent from your Twilio trial account - hello")))

    assert (await twilio.send_sms(TO, "hello\n", from_=FROM))["sid"] == "SM2"


async def test_a_service_chooses_the_sender(rest, twilio):
    rest.will(
        Cut(),
        messages(
            a_message("SM1", messaging_service_sid=None),
            a_message("SM2", messaging_service_sid="MG1"),
        ),
    )

    assert (await twilio.send_sms(TO, "hello", from_=FROM, messaging_service_sid="MG1"))["sid"] == "SM2"

    assert rest.last.query == [("To", TO), ("PageSize", "50")]


async def test_a_message_of_media_alone(rest, twilio):
    rest.will(Cut(), messages(a_message("MM2", "")))

    assert (await twilio.send_sms(TO, from_=FROM, media_url="https://h/1.png"))["sid"] == "MM2"


# --- many at once, on a line that breaks -----------------------------------------------------------


class Exchange:
    """Twilio with calls of its own, on a bad line: whether a call is made and whether its answer comes is chance."""

    def __init__(self, chance: random.Random, clock) -> None:
        self.chance, self.clock = chance, clock
        self.calls: list[dict[str, object]] = []

    async def send(self, request, stand_in):
        if request.method == "GET":
            to = parse_qs(request.raw_path.partition("?")[2])["To"]
            return await listed(*[each for each in self.calls if each["to"] == to[0]]).send(request, stand_in)
        form = dict(stand_in.last.form)
        if self.chance.random() < 0.2:
            return await Reply(status=429).send(request, stand_in)
        made = a_call(f"CA{len(self.calls)}", self.clock.now(), to=form["To"])
        if self.chance.random() < 0.7:
            self.calls.insert(0, made)
            kept = Reply(made, 201)
        else:
            kept = Reply(status=500)
        return await (kept if self.chance.random() < 0.5 else Cut()).send(request, stand_in)


@pytest.mark.parametrize("seed", range(8))
async def test_no_call_is_made_twice_and_none_is_taken_for_another(rest, twilio, clock, seed):
    exchange = Exchange(random.Random(seed), clock)  # noqa: S311 - the same chances each time
    rest.will(exchange)
    numbers = [f"+44131496{n:04}" for n in range(3)] * 5

    async def call(to: str) -> str | None:
        try:
            return (await twilio.make_call(to, FROM, url="https://h/voice"))["sid"]
        except (Ambiguous, TwilioError):
            return None

    returned = await asyncio.gather(*map(call, numbers))

    sids = [sid for sid in returned if sid is not None]
    made = {each["sid"]: each["to"] for each in exchange.calls}
    assert len(sids) == len(set(sids)), "one call was taken for two"
    assert all(made[sid] == to for sid, to in zip(returned, numbers, strict=True) if sid is not None)
    assert len(made) <= len(numbers)
    assert len(sids) > 3
