"""`switchhook serve`: what keeps it from starting, and how it stops."""

from __future__ import annotations

import asyncio
import signal
import socket

import aiohttp
import pytest

from runtime.softphone import Press
from tests.wire import a_call, dial, post

ON_FREE_PORTS = ("--port", "0", "--admin-port", "0")


@pytest.fixture
def taken():
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


@pytest.fixture
def greeting(folder):
    folder["greeting"] = 'recipe = [Say("hello")]'
    return folder


# --- serving -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_it_serves_until_a_signal_and_exits_with_0(start, number):
    daemon = await (await start("serve", *ON_FREE_PORTS)).listening()

    transcript = await dial(daemon, "menu_with_default", Press("1"))
    daemon.send(number)
    code = await daemon.ended()

    assert transcript.said[-1] == "My you are looking swish"
    assert code == 0
    events = [event["event"] for event in daemon.events]
    assert events == ["listening", "call_started", "call_ended", "draining", "stopped"]
    assert daemon.events[3]["signal"] == number.name


async def test_recipes_settings_and_the_path_come_from_flags_environment_and_file(start, folder, monkeypatch, tmp_path):
    folder["who"] = "def recipe(call): return [Say(call.settings['who'])]"
    (tmp_path / "house.toml").write_text(f"recipes = '{folder}'\nport = 1\nadmin_port = 0\n[settings]\nwho = 'Jane'\n")
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com/twilio")

    daemon = await (await start("serve", "--config", "house.toml", "--port", "0")).listening()
    reply = await post(daemon, "/twilio/who", a_call(), known_as="https://ivr.example.com")

    assert reply.verbs[0] == "<Say>Jane</Say>"
    assert daemon.events[0]["recipes"] == 1


async def test_unsigned_on_loopback(start, greeting, monkeypatch):
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", greeting, "--unsigned")).listening()

    reply = await post(daemon, "/greeting", a_call(), token=None)

    assert reply.verbs[0] == "<Say>hello</Say>"


async def test_it_goes_on_after_a_recipe_that_exits(start, greeting):
    greeting["exits"] = "import sys\nasync def recipe(call): sys.exit(3)"
    greeting["machine"] = "import sys\nasync def handle_request(path, params): sys.exit(3)"
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", greeting)).listening()

    apologies = [await post(daemon, path, a_call()) for path in ("/exits", "/machine")]
    reply = await post(daemon, "/greeting", a_call("CA2"))
    daemon.send(signal.SIGTERM)

    assert [each.verbs[0].startswith("<Say>We are sorry") for each in apologies] == [True, True]
    assert reply.verbs[0] == "<Say>hello</Say>"
    assert await daemon.ended() == 0


# --- stopping ------------------------------------------------------------------------------------


async def test_a_call_in_hand_is_finished_before_it_stops(start, latch, folder):
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", folder)).listening()
    in_hand = asyncio.create_task(post(daemon, "/latched", a_call()))
    await asyncio.wait_for(latch.begun.wait(), 30)

    daemon.send(signal.SIGTERM)
    await daemon.until("draining")
    ready, health = await asyncio.gather(ask(daemon, "/readyz"), ask(daemon, "/healthz"))
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(daemon, "/latched", a_call("CA2"))
    latch.release.set()
    reply = await in_hand

    assert (ready, health) == (503, 200)
    assert reply.verbs == ["<Say>done</Say>", "<Hangup/>"]
    assert await daemon.ended() == 0
    assert daemon.events[-1]["event"] == "stopped"


async def test_a_call_between_two_webhooks_does_not_keep_it(start):
    daemon = await (await start("serve", *ON_FREE_PORTS)).listening()
    await post(daemon, "/menu_with_default", a_call())

    daemon.send(signal.SIGTERM)

    assert await daemon.ended() == 0


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_a_second_signal_forces(start, latch, folder, second):
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", folder)).listening()
    in_hand = asyncio.create_task(post(daemon, "/latched", a_call()))
    await asyncio.wait_for(latch.begun.wait(), 30)
    daemon.send(signal.SIGTERM)
    await daemon.until("draining")

    daemon.send(second)

    assert await daemon.ended() == 1
    assert "forced" in [event["event"] for event in daemon.events]
    with pytest.raises(aiohttp.ClientError):
        await in_hand


# --- what keeps it from starting -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["port", "admin-port"])
def test_a_port_that_is_taken(run_process, taken, name):
    ports = {"port": 0, "admin-port": 0, name: taken}

    done = run_process("serve", *(word for name, port in ports.items() for word in (f"--{name}", port)))

    assert done.returncode == 2
    assert done.stderr == f"{name.replace('-', '_')} {taken} on 127.0.0.1 can't be opened: Address already in use\n"


def test_an_address_that_is_not_ours(run_process):
    done = run_process("serve", "--host", "192.0.2.1", *ON_FREE_PORTS)

    assert done.returncode == 2
    assert done.stderr == "port 0 on 192.0.2.1 can't be opened: Cannot assign requested address\n"


def test_no_auth_token(run, monkeypatch):
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")

    result = run("serve", *ON_FREE_PORTS)

    assert result.exit_code == 2
    assert result.stderr.startswith("no auth_token: set TWILIO_AUTH_TOKEN")
    assert result.stderr.count("\n") == 1


def test_the_recipes_that_the_settings_name_must_be_there(run, tmp_path):
    numbers = "[numbers]\n'+441314960111' = 'x'\n'+441314960112' = 'x'\n'+441314960113' = 'appointmant'\n"
    (tmp_path / "switchhook.toml").write_text("default_recipe = 'x'\n" + numbers)
    nowhere = "there is no such recipe among Switchhook's own; --recipes names a folder"

    result = run("serve", *ON_FREE_PORTS)

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"switchhook.toml: default_recipe is 'x': {nowhere}",
        f"switchhook.toml: numbers.+441314960111 is 'x': {nowhere}",
        f"switchhook.toml: numbers.+441314960112 is 'x': {nowhere}",
        "switchhook.toml: numbers.+441314960113 is 'appointmant': there is no such recipe; did you mean appointment?",
    ]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - it is refused
def test_unsigned_beyond_loopback(run, host):
    result = run("serve", "--unsigned", "--host", host, *ON_FREE_PORTS)

    assert result.exit_code == 2
    assert result.stderr == f"flags: host is {host!r}, and unsigned is for loopback alone: leave one out\n"


def test_an_invalid_recipe_keeps_it_from_opening_a_port_and_every_error_is_listed(run, folder, taken):
    folder["first"] = 'recipe = [Say("nuqneH", language="klingon"), GotoExt("9")]'
    folder["second"] = "1 / 0"
    folder["third"] = 'recipe = [Say("fine")]'

    result = run("serve", "--port", taken, "--admin-port", taken, "--recipes", folder)

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        'first: 1 Say: language "klingon" is not one Twilio speaks',
        'first: 2 GotoExt: target "9" is neither a rank nor a label of this flow',
        "second: line 2: ZeroDivisionError: division by zero",
    ]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--recipes", "nonesuch"], "nonesuch: is neither a folder nor a package of recipes"),
        (["--journal", "mysql://"], "flags: journal is 'mysql://'"),
        (["--public-url", "ivr.example.com"], "flags: public_url is 'ivr.example.com'"),
        (["--config", "nonesuch.toml"], "nonesuch.toml: can't be read"),
        (["--port", "99999"], "flags: port is 99999"),
        (["--port", "http"], "Invalid value for '--port'"),
        (["--prot", "80"], "No such option"),
        (["extra"], "unexpected extra argument"),
    ],
)
def test_a_mistake_is_told_in_a_line(run, args, says):
    result = run("serve", *args)

    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize("words", [("serve",), ("sms", "+441314960123", "hello", "--from", "+441314960100")])
def test_an_api_that_is_no_url_is_told_with_its_setting(run, monkeypatch, words):
    monkeypatch.setenv("SWITCHHOOK_API_URL", "nonsense")

    result = run(*words)

    assert result.exit_code == 2
    assert result.stderr.startswith("environment: api_url is 'nonsense': must be an http or https URL, like ")


async def ask(daemon, path: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(daemon.status_url + path) as response:
        return response.status
