"""What systemd is told, when the watchdog is fed, and which sockets are taken from it."""

from __future__ import annotations

import errno
import os
import socket
import time

import pytest
from structlog.testing import capture_logs

from runtime import settings, systemd
from runtime.errors import SettingsError
from runtime.systemd import Service, addresses, handed_over
from tests.actors.doubles import ManualClock
from tests.runtime.conftest import Manager

AHEAD = 200
"""A descriptor that nobody has, nor the ones behind it: systemd's own numbers are taken in this process."""


@pytest.fixture
def clock():
    return ManualClock()


def watched(manager, clock, **environ):
    """A service that is up, with a watchdog of twenty seconds."""
    told = {
        "NOTIFY_SOCKET": manager.socket.getsockname(),
        "WATCHDOG_USEC": "20000000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    service = Service(clock, told | environ)
    service.ready("up")
    assert manager.waiting == [["READY=1", "STATUS=up"]]
    return service


@pytest.fixture
def hand_over(monkeypatch):
    """Makes sockets what systemd hands over to this process, and gives the environment that says so."""
    monkeypatch.setattr(systemd, "FIRST", AHEAD)
    opened = []

    def hand_over(*named, pid=None):
        for number, (_, sock) in enumerate(named):
            opened.append(os.dup2(sock.fileno(), AHEAD + number))
            sock.close()
        names = ":".join(name for name, _ in named)
        return {"LISTEN_PID": str(pid or os.getpid()), "LISTEN_FDS": str(len(named)), "LISTEN_FDNAMES": names}

    yield hand_over
    for descriptor in opened:
        try:
            os.close(descriptor)
        except OSError as problem:
            assert problem.errno == errno.EBADF  # noqa: PT017 - whoever took it has closed it


def listener(host="127.0.0.1"):
    return socket.create_server((host, 0))


# --- what is told --------------------------------------------------------------------------------


async def test_a_life_is_told_in_order(manager, clock):
    service = Service(clock)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    service.ready("2 recipes")
    async with service.reloading(lambda: "3 recipes"):
        ready, reloading = manager.waiting
    service.stopping(25)
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    assert ready == ["READY=1", "STATUS=2 recipes"]
    assert (reloading[0], reloading[2]) == ("RELOADING=1", "STATUS=reloading")
    assert before <= int(reloading[1].removeprefix("MONOTONIC_USEC=")) <= after
    assert manager.waiting == [
        ["READY=1", "STATUS=3 recipes"],
        ["STOPPING=1", "STATUS=draining", "EXTEND_TIMEOUT_USEC=26000000"],
    ]


async def test_after_a_reload_that_raises_it_is_ready(manager, clock):
    service = Service(clock)

    with pytest.raises(ZeroDivisionError):
        async with service.reloading(lambda: "as before"):
            1 / 0  # noqa: B018

    assert manager.waiting[1:] == [["READY=1", "STATUS=as before"]]


async def test_after_a_reload_that_a_drain_cut_off_it_is_not(manager, clock):
    service = Service(clock)

    async with service.reloading(lambda: "3 recipes"):
        service.stopping(25)

    assert [lines[0] for lines in manager.waiting] == ["RELOADING=1", "STOPPING=1"]


def test_an_abstract_socket(clock):
    name = f"switchhook-test-{os.getpid()}"
    manager = Manager("\0" + name)
    with manager.socket:
        Service(clock, {"NOTIFY_SOCKET": "@" + name}).ready("up")
        assert manager.waiting == [["READY=1", "STATUS=up"]]


def test_nothing_is_told_or_done_if_nobody_asked(clock, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    service = Service(clock, {"WATCHDOG_USEC": "20000000"})

    service.ready("up")
    service.stopping(25)
    service.stopped()

    assert clock.waiting == 0


@pytest.mark.parametrize("address", ["/nonesuch/notify", "@nobody-has-this", "vsock:2:1234", "/" + "x" * 200])
def test_a_socket_that_is_broken_is_logged_once_and_does_no_harm(clock, address):
    service = Service(clock, {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000000"})

    with capture_logs() as logs:
        service.ready("up")
        clock.turn(100)
        service.stopping(25)

    assert [(each["event"], each["socket"]) for each in logs] == [("systemd_unheard", address)]
    assert clock.waiting == 1


def test_a_manager_that_does_not_listen_holds_nobody_up(manager, clock):
    service = watched(manager, clock)
    for _ in range(1000):  # more than fit into its queue
        if service._unheard:
            break
        clock.turn(10)

    began = time.monotonic()
    clock.turn(10)

    assert service._unheard
    assert time.monotonic() - began < 10 * systemd.PATIENCE
    assert len(manager.waiting) > 1
    clock.turn(10)
    assert manager.waiting == [["WATCHDOG=1"]]


# --- the watchdog --------------------------------------------------------------------------------


def test_the_watchdog_is_fed_at_half_its_time_until_the_end(manager, clock):
    service = watched(manager, clock)

    clock.turn(9.9)
    assert manager.waiting == []
    clock.turn(0.1)
    assert manager.waiting == [["WATCHDOG=1"]]
    service.ready("reloaded")
    service.stopping(25)
    clock.turn(20)
    assert [lines[0] for lines in manager.waiting] == ["READY=1", "STOPPING=1", "WATCHDOG=1", "WATCHDOG=1"]
    service.stopped()
    clock.turn(100)
    assert manager.waiting == []


def test_it_is_not_fed_before_calls_are_taken(manager, clock):
    Service(clock, {"NOTIFY_SOCKET": manager.socket.getsockname(), "WATCHDOG_USEC": "20000000"})

    clock.turn(100)

    assert manager.waiting == []


@pytest.mark.parametrize(
    "environ",
    [
        {"WATCHDOG_PID": "1"},
        {"WATCHDOG_PID": ""},
        {"WATCHDOG_USEC": ""},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "-1"},
    ],
    ids=str,
)
def test_a_watchdog_that_is_not_for_this_process_is_not_fed(manager, clock, environ):
    watched(manager, clock, **environ)

    clock.turn(100)

    assert manager.waiting == []


def test_one_that_is_for_no_process_by_name_is_fed(manager, clock, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "20000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    Service(clock).ready("up")

    clock.turn(10)

    assert manager.waiting[1:] == [["WATCHDOG=1"]]


# --- sockets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "settings"),
    [
        (["switchhook"], ["port"]),
        (["switchhook.socket"], ["port"]),
        ([""], ["port"]),
        (["switchhook", "admin"], ["port", "admin_port"]),
        (["admin", "switchhook"], ["admin_port", "port"]),
        (["admin"], ["admin_port"]),
        ([], []),
    ],
)
def test_a_socket_takes_the_place_of_the_setting_that_its_name_says(hand_over, names, settings):
    named = [(name, listener()) for name in names]
    ports = [sock.getsockname()[1] for _, sock in named]

    sockets = handed_over(hand_over(*named))

    assert list(sockets) == settings
    for sock, port, setting in zip(sockets.values(), ports, settings, strict=True):
        with sock:
            assert not sock.get_inheritable()
            assert addresses({setting: sock}) == {setting.replace("port", "host"): "127.0.0.1", setting: port}


def test_one_of_ipv6(hand_over):
    try:
        sock = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("there is no IPv6 here")
    sockets = handed_over(hand_over(("switchhook", sock)))

    with sockets["port"]:
        assert addresses(sockets)["host"] == "::1"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"},
    ],
    ids=["nothing", "of nobody", "of another", "not a number"],
)
def test_sockets_that_are_not_for_this_process_are_left_alone(environ):
    assert handed_over(environ) == {}


def test_two_for_one_port_are_one_too_many(hand_over):
    environ = hand_over(("switchhook", listener()), ("web", listener()))

    with pytest.raises(SettingsError, match=rf"descriptor {AHEAD + 1} \(web\), which is the second for port"):
        handed_over(environ)


def test_one_that_is_not_open(monkeypatch):
    monkeypatch.setattr(systemd, "FIRST", AHEAD)

    with pytest.raises(SettingsError, match=rf"descriptor {AHEAD} \(unnamed\): Bad file descriptor"):
        handed_over({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})


def bound_but_no_listener():
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


@pytest.mark.parametrize(
    "make",
    [
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        bound_but_no_listener,
        lambda: socket.socket(socket.AF_UNIX),
    ],
    ids=["udp", "no listener", "unix"],
)
def test_one_that_takes_no_connections_over_tcp(hand_over, make):
    environ = hand_over(("switchhook", make()))

    with pytest.raises(SettingsError, match=rf"descriptor {AHEAD} \(switchhook\), which doesn't listen on a TCP port"):
        handed_over(environ)


@pytest.mark.parametrize(
    ("name", "flags", "reason"),
    [("switchhook", {"unsigned": True}, "unsigned is for loopback alone"), ("admin", {}, "set status_token too")],
)
def test_what_holds_for_an_address_holds_for_that_of_a_socket(hand_over, monkeypatch, tmp_path, name, flags, reason):
    monkeypatch.chdir(tmp_path)
    sockets = handed_over(hand_over((name, listener("127.0.0.2"))))  # which isn't what counts as loopback

    with pytest.raises(SettingsError, match=reason):
        settings.load(flags | addresses(sockets))
    for sock in sockets.values():
        sock.close()
