"""What a connection promises, octet by octet."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from aiohttp.http import HttpRequestParser
from aiohttp.http_parser import HttpRequestParserPy
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from runtime.web import connection
from runtime.web.connection import LARGEST, State
from tests.runtime.web.front import chunked, front, get, post, until


@pytest.fixture
async def house():
    async with front() as opened:
        yield opened


@pytest.fixture
async def client(house):
    return await house.client()


# --- one request ---------------------------------------------------------------------------------


async def test_an_answer_is_a_head_its_length_and_its_body(client):
    await client.send(post("/menu?step=1", b"Digits=1", "Connection: close"))

    assert await client.rest() == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 26\r\nConnection: close\r\n\r\n"
        b"POST /menu?step=1 Digits=1"
    )


async def test_a_connection_is_kept_for_the_next_request(client):
    answers = [await client.ask(post("/a", str(n).encode())) for n in range(3)]

    assert [answer.body for answer in answers] == [b"POST /a 0", b"POST /a 1", b"POST /a 2"]
    assert "connection" not in answers[0].headers


async def test_http_1_0_is_answered_and_closed(client):
    answer = await client.ask(get("/a", version="1.0"))

    assert (answer.status, answer.stays) == (200, False)
    assert await client.is_closed()


async def test_http_1_0_is_kept_if_it_asks_for_it(client):
    first = await client.ask(post("/a", b"1", "Connection: keep-alive", version="1.0"))
    second = await client.ask(get("/b", version="1.0"))

    assert (first.headers["connection"], first.body) == ("keep-alive", b"POST /a 1")
    assert (second.headers["connection"], second.body) == ("close", b"GET /b ")


async def test_head_is_answered_with_the_length_of_what_it_spares(client):
    await client.send(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = await client.answer(of_head=True)
    after = await client.ask(get("/b"))

    assert answer.headers["content-length"] == str(len("HEAD /a "))
    assert after.body == b"GET /b "


@pytest.mark.parametrize("upgrade", ["websocket", "h2c"])
async def test_nothing_is_upgraded(client, upgrade):
    answer = await client.ask(get("/a", f"Upgrade: {upgrade}", "Connection: Upgrade") + b"\x81\x05hello")

    assert (answer.status, answer.body, answer.stays) == (200, b"GET /a ", False)
    assert await client.is_closed()


async def test_blank_lines_between_requests_are_nothing(house, client):
    await client.ask(post("/a", b"1"))
    await client.send(b"\r\n\r\n")
    answer = await client.ask(b"\r\n" + get("/b"))
    await client.send(b"\r\n")
    client.writer.write_eof()

    assert answer.body == b"GET /b "
    assert await client.is_closed()


async def test_a_body_may_come_in_chunks(client):
    answer = await client.ask(chunked("/a", b"Call", b"Sid", b"=CA1"))
    many = await client.ask(chunked("/b", *[b"x"] * 9000))
    empty = await client.ask(chunked("/c"))

    assert [each.body for each in (answer, many, empty)] == [
        b"POST /a CallSid=CA1",
        b"POST /b " + b"x" * 9000,
        b"POST /c ",
    ]


async def test_what_the_handler_refuses_is_one_line_and_one_event(client):
    with capture_logs() as events:
        refused = await client.ask(get("/refused?From=me"))
    after = await client.ask(get("/a"))

    assert (refused.status, refused.body, refused.headers["why"]) == (403, b"not you\n", "because")
    assert events == [
        {
            "event": "refused",
            "log_level": "warning",
            "status": 403,
            "reason": "not you",
            "method": "GET",
            "path": "/refused",
        }
    ]
    assert after.status == 200


async def test_a_handler_that_raises_costs_its_connection_and_no_other(house, client):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))

    await client.send(get("/broken"))

    assert await client.is_closed()
    await until(lambda: told)
    assert isinstance(told[0], ZeroDivisionError)
    assert (await (await house.client()).ask(get("/a"))).status == 200


# --- 100-continue --------------------------------------------------------------------------------


async def test_who_waits_to_send_a_body_is_told_to_go_on(client):
    head, _, body = post("/a", b"Digits=1", "Expect: 100-Continue").partition(b"\r\n\r\n")
    told = await client.ask(head + b"\r\n\r\n")
    answer = await client.ask(body)

    assert told.status == 100
    assert answer.body == b"POST /a Digits=1"


async def test_who_does_not_wait_is_told_nothing(client):
    assert (await client.ask(post("/a", b"Digits=1", "Expect: 100-continue"))).status == 200


async def test_http_1_0_knows_of_no_100(house, client):
    request = post("/a", b"Digits=1", "Expect: 100-continue", version="1.0")

    await client.send(request[:-1])
    await until(lambda: house.server.connections and house.connection._state is State.RECEIVING)

    assert (await client.ask(request[-1:])).status == 200


# --- sizes ---------------------------------------------------------------------------------------


async def test_a_body_too_large_is_refused_by_its_length_and_not_asked_for(client):
    with capture_logs() as events:
        answer = await client.ask(
            b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n"
        )

    assert (answer.status, answer.stays) == (413, False)
    assert [(event["reason"], event["path"]) for event in events] == [("a body of more than 65536 bytes", "/a")]


@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1])
async def test_a_body_in_chunks_may_be_64_kib_and_no_more(client, size):
    await client.send(chunked("/a", b"x" * 10, b"x" * (size - 10)))

    assert (await client.answer()).status == (200 if size == LARGEST else 413)


@pytest.mark.parametrize("octets", [post("/a", b"x" * 3_000_000), chunked("/a", *[b"x" * 1000] * 3000)])
async def test_who_is_refused_can_go_on_sending_and_read_why(house, client, octets):
    """A connection that is closed while octets come in is reset, and what was written may be lost."""
    client.writer.transport.pause_reading()
    await client.send(octets[:100_000])
    await until(lambda: house.server.connections and house.connection._state is State.LEAVING)
    await client.send(octets[100_000:])
    client.writer.transport.resume_reading()

    assert (await client.answer()).status == 413
    assert await client.is_closed()
    client.writer.close()
    await until(lambda: not house.server.connections)


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 9000,
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200,
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=lambda octets: repr(octets[:20]),
)
async def test_what_is_no_request_is_refused_at_once(client, octets):
    with capture_logs() as events:
        answer = await client.ask(octets)

    assert (answer.status, answer.stays) == (400, False)
    assert answer.body.count(b"\n") == 1
    assert [event["event"] for event in events] == ["refused"]
    assert await client.is_closed()


async def test_a_bad_chunk_is_refused(client):
    assert (await client.ask(chunked("/a", b"x")[:-5], b"zz\r\n")).status == 400


# --- one at a time -------------------------------------------------------------------------------


@pytest.mark.parametrize("parser", [HttpRequestParser, HttpRequestParserPy])
async def test_pipelined_requests_are_answered_in_order_one_at_a_time(house, monkeypatch, parser):
    """By the parser that is there where aiohttp could not be compiled, too."""
    monkeypatch.setattr(connection, "HttpRequestParser", parser)
    client = await house.client()
    await client.send(b"".join(post(f"/{n}", b"x" * n) for n in range(100)))

    assert [(await client.answer()).body for _ in range(100)] == [f"POST /{n} {'x' * n}".encode() for n in range(100)]
    assert house.handler.most_at_work == 1


async def test_while_a_request_is_in_hand_no_more_is_read(house, client):
    house.handler.hold()
    await client.send(get("/a"))
    await until(lambda: house.handler.at_work)
    held = house.connection
    sending = asyncio.ensure_future(client.send(*[get(f"/{n}") for n in range(3000)]))
    await until(lambda: held._ahead)

    assert not held._transport.is_reading()
    assert len(held._ahead) <= 256 * 1024
    assert house.handler.asked == ["/a"]

    house.handler.let_go()
    answers = [await client.answer() for _ in range(3001)]
    await sending
    assert [answer.body for answer in answers[1:]] == [f"GET /{n} ".encode() for n in range(3000)]


async def test_who_does_not_read_is_not_answered_further(house, client):
    client.writer.transport.pause_reading()
    await client.send(b"".join(get(f"/large?{n}") for n in range(300)))
    await until(lambda: house.connection._state is State.UNREAD)

    assert len(house.handler.asked) < 300
    client.writer.transport.resume_reading()
    answers = [await client.answer() for _ in range(300)]
    assert [answer.body.strip(b".") for answer in answers] == [f"/large?{n}".encode() for n in range(300)]


async def test_garbage_behind_a_request_does_not_cost_it_its_answer(client):
    await client.send(get("/a") + b"garbage\r\n\r\n")

    assert [(await client.answer()).status for _ in range(2)] == [200, 400]
    assert await client.is_closed()


async def test_nothing_is_answered_behind_the_last_request(client):
    await client.send(get("/a", "Connection: close") + get("/b"))

    assert (await client.answer()).body == b"GET /a "
    assert await client.is_closed()


# --- a client that goes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "reason"), [(get("/a")[:-2], "the head broke off"), (post("/a", b"Digits=1")[:-1], "the body broke off")]
)
async def test_what_breaks_off_is_answered_to_who_still_reads(house, client, octets, reason):
    with capture_logs() as events:
        await client.send(octets)
        client.writer.write_eof()
        answer = await client.answer()

    assert (answer.status, answer.body) == (400, f"{reason}\n".encode())
    assert [(event["event"], event["reason"]) for event in events] == [("refused", reason)]
    assert await client.is_closed()


async def test_so_is_what_breaks_off_behind_a_whole_request(house, client):
    house.handler.hold()
    await client.send(get("/a") + post("/b", b"Digits=1")[:-1])
    client.writer.write_eof()
    await until(lambda: house.server.connections and house.connection._ended)
    house.handler.let_go()

    assert (await client.answer()).body == b"GET /a "
    assert (await client.answer()).body == b"the body broke off\n"
    assert await client.is_closed()


async def test_a_reset_amid_a_request_leaves_one_event(house, client):
    with capture_logs() as events:
        await client.send(post("/a", b"Digits=1")[:-1])
        await until(lambda: house.server.connections and house.connection._state is State.RECEIVING)
        client.reset()
        await until(lambda: not house.server.connections)

    assert [event["reason"] for event in events] == ["the body broke off"]


async def test_who_comes_and_goes_leaves_no_event(house, client):
    with capture_logs() as events:
        await until(lambda: house.server.connections)
        client.reset()
        await until(lambda: not house.server.connections)

    assert events == []


async def test_a_step_that_has_begun_is_finished_even_if_the_client_has_gone(house, client):
    house.handler.hold()
    await client.send(get("/a"))
    await until(lambda: house.handler.at_work)
    held = house.connection
    client.reset()
    await until(lambda: held._transport is None)

    assert house.handler.answered == []
    assert house.server.connections == {held}, "a stop waits for it"
    house.handler.let_go()
    await until(lambda: not house.server.connections)
    assert house.handler.answered == ["/a"]


async def test_who_sends_no_more_is_answered_everything(client):
    await client.send(b"".join(get(f"/{n}") for n in range(5)))
    client.writer.write_eof()

    assert [(await client.answer()).body for _ in range(5)] == [f"GET /{n} ".encode() for n in range(5)]
    assert await client.is_closed()


# --- however it is cut ---------------------------------------------------------------------------

REQUESTS = [
    get("/a?step=1"),
    post("/b", b"CallSid=CA1&Digits=1"),
    chunked("/c", b"CallSid", b"=CA1", b"x" * 300),
    b"\r\n" + post("/d", b"", "X: " + "y" * 200),
    post("/refused", b"From=me"),
]


@settings(max_examples=60, deadline=None)
@given(st.permutations(REQUESTS), st.lists(st.integers(1, 900), max_size=12))
def test_however_requests_are_cut_their_answers_are_the_same(requests, cuts):
    whole = b"".join(requests) + get("/last", "Connection: close")
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})

    async def answers(*parts: bytes) -> bytes:
        async with front() as house:
            client = await house.client()
            client.writer.transport.set_write_buffer_limits(0)
            for part in parts:
                await client.send(part)
                await asyncio.sleep(0)
            return await client.rest()

    cut = [whole[begin:end] for begin, end in pairwise(places)]
    assert asyncio.run(answers(*cut)) == asyncio.run(answers(whole))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([*REQUESTS, b"\r\n", b"GET ", b" HTTP/1.1\r\n"]))))
def test_whatever_comes_is_answered_or_refused(parts):
    """Nothing is left open, nothing raised where nobody sees it."""
    told = []

    async def go() -> bytes:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        async with front() as house:
            client = await house.client()
            await client.send(b"".join(parts))
            client.writer.write_eof()
            return await client.rest()

    answer = asyncio.run(go())
    assert told == []
    assert not answer or answer.startswith(b"HTTP/1.1 ")
