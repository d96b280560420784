"""Logs: lines for a person, JSON for a collector, and no digits or phone numbers in either."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from runtime import logs
from tests.wire import a_call, get, post


@pytest.fixture
def lines(capsys):
    """What was written to standard error since it was last looked at, by lines."""

    def lines() -> list[str]:
        return capsys.readouterr().err.splitlines()

    return lines


def test_what_is_keyed_is_counted(lines):
    logs.configure("info", "json")

    structlog.get_logger().info("keyed", digits="4711#", from_number="+441314960123", to_number="client:jane", n=1)

    [line] = map(json.loads, lines())
    assert (line["digits"], line["from_number"], line["to_number"]) == ("#####", "+44##########", "client:jane")


def test_what_is_masked_needs_no_name(lines, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])
    logs.configure("info", "json")

    structlog.get_logger().info("moved", caller="+441314960123", errors=["no line to +441314960123"], keyed={"n": 4711})
    structlog.get_logger().info("of a kind", reason=ValueError("441314960123"), from_number=441314960123, digits=4711)
    logging.getLogger("a library").info("no line to %s", "+441314960123")

    text = "\n".join(lines())
    assert text.count("+44##########") == 3
    assert text.count('"############"') == 2
    assert '"digits": "####"' in text
    assert '{"n": 4711}' in text
    assert "1314960" not in text


def test_a_library_s_traceback_is_told(lines, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])
    logs.configure("info", "json")

    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("a library").exception("failed")

    [line] = map(json.loads, lines())
    assert line["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_json_has_a_line_for_each_event_with_its_time_and_level(lines):
    logs.configure("info", "json")

    structlog.get_logger().warning("refused", reason="nö\nreally", status=403)

    [line] = map(json.loads, lines())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "refused", "level": "warning", "reason": "nö\nreally", "status": 403}


def test_json_has_tracebacks_within_the_line(lines):
    logs.configure("info", "json")

    structlog.get_logger().error("failed", exc_info=ZeroDivisionError("of ours"))

    [line] = map(json.loads, lines())
    assert line["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_lines_are_for_a_person(lines):
    logs.configure("info", "console")

    structlog.get_logger().info("listening", url="http://127.0.0.1:8080")

    [line] = lines()
    assert "listening" in line
    assert "http://127.0.0.1:8080" in line


def test_what_is_not_a_terminal_gets_json(lines):
    logs.configure()

    structlog.get_logger().info("listening")

    assert [json.loads(line)["event"] for line in lines()] == ["listening"]


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_what_is_below_the_level_is_left_out(lines, level, shown):
    logs.configure(level, "json")

    for each in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger(), each)("event")

    assert len(lines()) == shown


def test_what_is_configured_last_counts_also_for_libraries(lines, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    logs.configure("warning", "console")
    logs.configure("info", "json")

    structlog.get_logger().info("ours")
    logging.getLogger("a library").info("theirs")

    assert [(line["event"], line["level"]) for line in map(json.loads, lines())] == [
        ("ours", "info"),
        ("theirs", "info"),
    ]


def test_the_handlers_of_others_stay(monkeypatch):
    theirs = logging.NullHandler()
    monkeypatch.setattr(logging.root, "handlers", [theirs])

    logs.configure("info")

    assert logging.root.handlers == [theirs]


def test_the_libraries_below_keep_their_ordinary_talk_to_themselves():
    logs.configure("debug")

    assert not logging.getLogger("aiohttp.access").isEnabledFor(logging.INFO)
    assert not logging.getLogger("pykka").isEnabledFor(logging.DEBUG)


async def test_no_caller_s_number_or_keys_are_in_the_log_of_a_call(serve, folder, lines):
    folder["menu"] = """
        def shout(call):
            call.log.info("keyed", digits=call.digits, from_number=call.from_)
            return []

        recipe = [Gather([Say("Your PIN?")], num_digits=9, after_ext=[
            ResponseExt("471104711", "right", [FunctionExt("shout", fn=shout)]),
        ])]
    """
    folder["machine"] = "def handle_request(path, params): raise ValueError"
    logs.configure("debug", "json")
    daemon = await serve(folder)

    await post(daemon, "/menu", a_call())
    await post(daemon, "/menu/1?step=1", a_call(status="in-progress", Digits="471104711"))
    await post(daemon, "/menu/99", a_call(status="in-progress", Digits="471104711"))
    await post(daemon, "/nonesuch", a_call(Digits="471104711"))
    await post(daemon, "/menu", a_call(Digits="471104711"), token="a guess")
    await get(daemon, "/machine?From=%2B441314960123&Digits=471104711", token="a guess")
    await post(daemon, "/menu", a_call(status="completed"))
    await daemon.stop()

    written = lines()
    events = [json.loads(line)["event"] for line in written]
    assert events[0] == "listening"
    assert {"call_started", "keyed", "refused", "call_ended", "stopped"} <= set(events)
    text = "\n".join(written)
    assert "1314960" not in text
    assert "471104711" not in text


@pytest.mark.parametrize("format", ["json", "console"])
async def test_no_number_key_or_token_is_in_a_traceback(serve, folder, lines, format):
    """Which tells where it went wrong, but not what the variables held."""
    folder["machine"] = """
        def handle_request(path, params):
            who, keyed = params["From"], params["Digits"]
            raise ValueError(path)
    """
    folder["extended"] = """
        def recipe(call):
            who, keyed = call.from_, call.digits
            raise ValueError(call.recipe)
    """
    logs.configure("debug", format)
    daemon = await serve(folder, auth_token="a secret token")

    await post(daemon, "/machine", a_call(Digits="471104711"), token="a secret token")
    await post(daemon, "/extended", a_call(Digits="471104711"), token="a secret token")
    await daemon.stop()

    text = "\n".join(lines())
    assert text.count("machine.py") >= 1
    assert text.count("extended.py") >= 1
    assert "1314960" not in text
    assert "471104711" not in text
    assert "secret" not in text
