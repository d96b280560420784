"""Too many calls: a new caller hears that the line is busy, a load balancer is told, and nobody else notices."""

from __future__ import annotations

import aiohttp

from tests.wire import a_call, post

MENU = "recipe = [Gather([Say('menu')], num_digits=1, after_ext=[ResponseExt('1', 'one', [Say('one')])])]"
BUSY = '<Reject reason="busy"/>'


async def ready(daemon):
    async with aiohttp.ClientSession() as session, session.get(daemon.status_url + "/readyz") as response:
        return response.status, await response.text()


async def test_beyond_max_calls_a_new_caller_is_refused_and_the_others_go_on(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder, max_calls=2)
    for sid in ("CA1", "CA2"):
        await post(daemon, "/menu", a_call(sid))

    refused = await post(daemon, "/menu", a_call("CA3"))
    going_on = await post(daemon, "/menu/1?step=1", a_call("CA1", "in-progress", Digits="1"))

    assert (refused.status, refused.verbs) == (200, [BUSY])
    assert going_on.verbs[0] == "<Say>one</Say>"
    shown = daemon.status()
    assert (shown["calls"]["in_progress"], shown["refused"]) == (2, 1)


async def test_a_load_balancer_is_told(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder, max_calls=1)
    assert await ready(daemon) == (200, "ready\n")

    await post(daemon, "/menu", a_call("CA1"))
    assert await ready(daemon) == (503, "busy: max_calls are in progress\n")

    await post(daemon, "/menu/status", a_call("CA1", "completed"))
    assert await ready(daemon) == (200, "ready\n")
    assert (await post(daemon, "/menu", a_call("CA2"))).verbs[0] != BUSY


async def test_a_load_balancer_is_told_first_of_the_drain_which_does_not_pass(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder, max_calls=1)
    await post(daemon, "/menu", a_call("CA1"))

    daemon.draining = True

    assert await ready(daemon) == (503, "draining\n")


async def test_without_a_limit_it_is_always_ready(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder)
    for number in range(20):
        await post(daemon, "/menu", a_call(f"CA{number}"))

    assert await ready(daemon) == (200, "ready\n")
