"""What the server promises of time, and of its end."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from structlog.testing import capture_logs

from runtime.web.connection import State
from tests.runtime.web.front import BOUND, front, get, post, until

SOON = 0.05
TICK = 0.005


async def in_hand(house, *requests: bytes):
    """A client whose request the handler holds."""
    house.handler.hold()
    client = await house.client()
    await client.send(*requests)
    await until(lambda: house.handler.at_work)
    return client


async def draining(house, seconds: float = BOUND):
    """A drain that has begun and isn't over."""
    drain = asyncio.ensure_future(house.server.drain(seconds))
    await until(lambda: house.server.draining)
    return drain


# --- time ----------------------------------------------------------------------------------------


async def test_a_connection_that_asks_nothing_is_closed_after_a_while():
    async with front(TICK, idle=SOON) as house:
        client = await house.client()
        began = asyncio.get_running_loop().time()

        assert await client.is_closed()
        assert asyncio.get_running_loop().time() - began >= SOON / 2


async def test_that_while_begins_anew_with_each_answer():
    async with front(TICK, idle=60) as house:
        client = await house.client()
        await client.ask(get("/a"))
        house.connection.deadline = nearly = asyncio.get_running_loop().time() + BOUND
        await client.ask(get("/b"))

        assert house.connection.deadline > nearly
        house.connection.deadline = 0
        assert await client.is_closed()


@pytest.mark.parametrize("part", [b"P", get("/a")[:-2], post("/a", b"Digits=1")[:-1]], ids=["line", "head", "body"])
async def test_a_request_that_takes_too_long_is_refused(part):
    async with front(TICK, request=SOON) as house:
        client = await house.client()
        with capture_logs() as events:
            answer = await client.ask(part)

        assert (answer.status, answer.body) == (408, b"the request took longer than 0.05 s\n")
        assert [(event["event"], event["status"]) for event in events] == [("refused", 408)]
        assert await client.is_closed()


async def test_its_time_is_one_however_many_octets_it_drips():
    async with front(request=60) as house:
        client = await house.client()
        first, *others, last = post("/a", b"Digits=1")
        await client.send(bytes([first]))
        await until(lambda: house.server.connections and house.connection._state is State.RECEIVING)
        house.connection.deadline = begun = asyncio.get_running_loop().time() + BOUND
        for octet in others:
            await client.send(bytes([octet]))
            await asyncio.sleep(0)
        await until(lambda: house.connection._payload is not None and house.connection._payload.total_bytes == 7)

        assert house.connection.deadline == begun
        assert (await client.ask(bytes([last]))).status == 200


async def test_an_answer_takes_as_long_as_it_takes():
    async with front(TICK, idle=SOON, request=SOON) as house:
        client = await in_hand(house, get("/a"))
        assert house.connection.deadline == float("inf")
        house.handler.let_go()

        assert (await client.answer()).status == 200


async def test_who_never_reads_is_cut_off():
    async with front(TICK, request=SOON) as house:
        client = await house.client()
        client.writer.transport.pause_reading()
        await client.send(b"".join(get("/large") for _ in range(300)))

        await until(lambda: not house.server.connections and house.handler.asked)
        assert len(house.handler.asked) < 300


async def test_who_is_refused_and_never_stops_sending_is_cut_off():
    async with front(TICK, leave=SOON) as house:
        client = await house.client()
        await client.send(b"garbage\r\n\r\n")
        await client.answer()

        async def send_on() -> None:
            while True:
                await client.send(b"more of it")
                await asyncio.sleep(0)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(send_on(), BOUND)
        assert not house.server.connections


# --- a drain -------------------------------------------------------------------------------------


async def test_a_drain_closes_at_once_what_has_nothing_in_hand():
    async with front() as house:
        fresh, used = await house.client(), await house.client()
        await used.ask(get("/a"))
        await until(lambda: len(house.server.connections) == 2)

        async with asyncio.timeout(BOUND):
            await house.server.drain(60)

        assert await fresh.is_closed()
        assert await used.is_closed()


async def test_a_drain_takes_no_more_connections():
    async with front() as house:
        client = await in_hand(house, get("/a"))
        drain = await draining(house)

        with pytest.raises(ConnectionError):
            await house.client()
        house.handler.let_go()
        assert (await client.answer()).status == 200
        await drain


async def test_a_request_in_hand_is_answered_and_its_connection_closed():
    async with front() as house:
        client = await in_hand(house, get("/a"))
        drain = await draining(house)

        assert not drain.done()
        house.handler.let_go()
        answer = await client.answer()
        await drain
        assert (answer.body, answer.stays) == (b"GET /a ", False)
        assert await client.is_closed()


@pytest.mark.parametrize("request_", [get("/a"), post("/a", b"Digits=1")], ids=["head", "body"])
async def test_a_request_on_its_way_is_answered_too(request_):
    async with front() as house:
        client = await house.client()
        await client.send(request_[:-1])
        await until(lambda: house.server.connections and house.connection._state is State.RECEIVING)
        drain = await draining(house)
        answer = await client.ask(request_[-1:])

        await drain
        assert (answer.status, answer.stays) == (200, False)


async def test_a_second_request_behind_the_one_in_hand_is_not_begun():
    async with front() as house:
        client = await in_hand(house, get("/a") + get("/b"))
        drain = await draining(house)
        house.handler.let_go()

        assert (await client.answer()).body == b"GET /a "
        assert await client.is_closed()
        await drain
        assert house.handler.asked == ["/a"]


async def test_nor_is_one_that_comes_while_it_drains_and_its_client_can_still_read():
    async with front(leave=60) as house:
        client = await in_hand(house, get("/a"))
        client.writer.transport.pause_reading()
        drain = await draining(house, 60)
        await client.send(get("/b"))
        await until(lambda: house.connection._ahead)
        house.handler.let_go()
        await until(lambda: house.connection._state is State.LEAVING)
        await client.send(get("/c"), get("/d"))
        await until(house.connection._transport.is_reading)
        client.writer.transport.resume_reading()

        assert (await client.answer()).body == b"GET /a "
        assert await client.is_closed()
        client.writer.close()
        await asyncio.wait_for(drain, BOUND)
        assert house.handler.asked == ["/a"]


async def test_a_drain_waits_for_a_step_whose_client_has_gone():
    async with front() as house:
        client = await in_hand(house, get("/a"))
        connection = house.connection
        client.reset()
        await until(lambda: connection._transport is None)
        drain = await draining(house)

        assert not drain.done()
        house.handler.let_go()
        await drain
        assert house.handler.answered == ["/a"]


async def test_what_is_not_answered_in_time_is_cut_off():
    async with front() as house:
        working, slow = await in_hand(house, get("/a")), await house.client()
        await slow.send(b"POST")
        await until(lambda: {each._state for each in house.server.connections} == {State.ANSWERING, State.RECEIVING})

        with capture_logs() as events:
            async with asyncio.timeout(BOUND):
                await house.server.drain(SOON)

        assert house.handler.at_work == 0
        assert house.handler.answered == []
        assert await working.is_closed()
        assert await slow.is_closed()
        assert [(event["event"], event["requests"]) for event in events] == [("cut_off", 1)]
        await until(lambda: not house.server.connections)


async def test_a_request_that_never_came_is_cut_off_without_a_word():
    async with front() as house:
        client = await house.client()
        await client.send(b"POST")
        await until(lambda: house.server.connections and house.connection._state is State.RECEIVING)

        with capture_logs() as events:
            await house.server.drain(0)
            assert await client.is_closed()
        assert events == []


async def test_a_drain_that_is_given_up_leaves_nothing_running():
    async with front() as house:
        client = await in_hand(house, get("/a"))
        drain = await draining(house)
        drain.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await drain

        assert house.server._look.cancelled()
        house.handler.let_go()
        assert (await client.answer()).stays is False


async def test_a_drain_of_nothing_is_over_at_once():
    async with front() as house, asyncio.timeout(BOUND):
        await house.server.drain(0)
