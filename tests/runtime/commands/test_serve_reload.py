"""`switchhook serve` and SIGHUP."""

from __future__ import annotations

import signal

from tests.wire import a_call, post


async def test_a_hang_up_signal_reloads_and_does_not_end_it(start, folder):
    folder["greeting"] = "recipe = [Say('old')]"
    daemon = await (await start("serve", "--port", "0", "--admin-port", "0", "--recipes", folder)).listening()

    folder["greeting"] = "recipe = [Say('x', loop=-1)]"
    daemon.send(signal.SIGHUP)
    refused = await daemon.until("reload_refused")
    kept = await post(daemon, "/greeting", a_call("CA1"))
    folder["greeting"] = "recipe = [Say('new')]"
    daemon.send(signal.SIGHUP)
    await daemon.until("reloaded")
    fresh = await post(daemon, "/greeting", a_call("CA2"))
    daemon.send(signal.SIGTERM)

    assert await daemon.ended() == 0
    assert [each.startswith("greeting: 1 Say: loop") for each in refused["errors"]] == [True]
    assert (kept.verbs[0], fresh.verbs[0]) == ("<Say>old</Say>", "<Say>new</Say>")
