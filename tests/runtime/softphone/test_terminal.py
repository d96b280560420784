"""The softphone in a terminal: a person who types, and what is printed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
from functools import partial

import pytest
from rich.console import Console

from runtime.softphone import Call, Press, Transcript
from runtime.softphone.terminal import Printer, converse

MENU = '<Gather numDigits="1" action="/menu/1.3?step=1"><Say>press 1</Say></Gather><Say>silence</Say>'


@pytest.fixture
def keyboard():
    """A pipe: (descriptor to read, function that types)."""
    reader, writer = os.pipe()
    with contextlib.ExitStack() as closing:
        closing.callback(os.close, reader)
        done = closing.enter_context(os.fdopen(writer, "wb", buffering=0))
        yield reader, lambda text: done.write(text.encode()) if text is not None else done.close()


@pytest.fixture
def screen():
    return Console(file=io.StringIO(), width=60, highlight=False)


@pytest.fixture
def dial(app, screen):
    """Makes an interactive call that reads from a descriptor."""

    def start(stdin, **options):
        options = {"auth_token": "12345", "status_callback": app.url("/status")} | options
        return converse(partial(Call, app.url("/menu"), **options), console=screen, stdin=stdin)

    return start


# --- typing ----------------------------------------------------------------------


async def test_a_person_presses_keys_and_hangs_up(app, keyboard, screen, dial):
    stdin, types = keyboard
    app["/menu"] = MENU
    app["/menu/1.3"] = '<Gather input="speech" action="/said"><Say>and now say something</Say></Gather>'
    app["/said"] = "<Gather><Say>thanks</Say></Gather>"
    types("1\nsay two words\nh\n")
    transcript = await dial(stdin)
    assert transcript.said == ["press 1", "and now say something", "thanks"]
    assert app.form("/said")["SpeechResult"] == "two words"
    assert transcript.ended_by == "caller"
    assert app.paths == ["/menu", "/menu/1.3", "/said", "/status"]


async def test_what_is_typed_later_is_waited_for(app, keyboard, dial):
    stdin, types = keyboard
    app["/menu"] = MENU
    call = asyncio.create_task(dial(stdin))
    await app.asked.wait()
    await asyncio.sleep(0.01)
    assert not call.done()
    types("1")
    await asyncio.sleep(0.01)
    assert app.paths == ["/menu"], "a line is not one before its end"
    types("\n")
    await call
    assert app.paths == ["/menu", "/menu/1.3", "/status"]


async def test_an_empty_line_is_silence(app, keyboard, dial):
    stdin, types = keyboard
    app["/menu"] = MENU
    types("\n")
    assert (await dial(stdin)).said == ["press 1", "silence"]


async def test_silence_is_never_too_long_for_a_person(app, keyboard, dial):
    stdin, types = keyboard
    app["/menu"] = "<Gather/>" * 8 + '<Gather numDigits="1" action="/heard"/>'
    types("\n" * 8 + "1\n")
    await dial(stdin)
    assert "/heard" in app.paths


async def test_help_and_what_a_prompt_does_not_hear(app, keyboard, screen, dial):
    stdin, types = keyboard
    app["/menu"] = MENU
    types('?\n"hello\nwhat\n1\n')
    transcript = await dial(stdin)
    printed = screen.file.getvalue()
    assert printed.count("press keys") == 2
    assert "Gather doesn't listen for that: say 'hello'" in printed
    assert transcript.pressed == ["1"]


@pytest.mark.parametrize(
    ("line", "told"),
    [("", ("completed", "in-progress")), ("busy", ("busy", "in-progress")), ("h", ("canceled", "completed"))],
)
async def test_a_person_is_both_ends_of_a_dial(app, keyboard, dial, line, told):
    stdin, types = keyboard
    app["/menu"] = '<Dial action="/dialled">+441</Dial>'
    types(f"{line}\n\n")
    await dial(stdin)
    assert (app.form("/dialled")["DialCallStatus"], app.form("/dialled")["CallStatus"]) == told


async def test_an_outbound_call_may_be_refused(app, keyboard, dial):
    stdin, types = keyboard
    types("h\n")
    await dial(stdin, direction="outbound-api")
    assert app.paths == ["/status"]
    assert app.form("/status")["CallStatus"] == "no-answer"


async def test_the_end_of_the_input_hangs_up(app, keyboard, dial):
    """What was typed before it counts, a last line without its end too."""
    stdin, types = keyboard
    app["/menu"] = MENU
    app["/menu/1.3"] = "<Gather><Say>next</Say></Gather>"
    types("1")
    types(None)
    transcript = await dial(stdin)
    assert transcript.said == ["press 1", "next"]
    assert transcript.ended_by == "caller"
    assert app.paths[-1] == "/status"


async def test_a_file_can_be_typed(app, tmp_path, dial):
    app["/menu"] = MENU
    app["/menu/1.3"] = "<Gather><Say>next</Say></Gather>"
    keys = tmp_path / "keys"
    keys.write_text("1\n")
    with keys.open() as file:
        transcript = await dial(file.fileno())
    assert transcript.said == ["press 1", "next"]
    assert transcript.ended_by == "caller"


# --- Ctrl-C ----------------------------------------------------------------------


async def test_ctrl_c_hangs_up_at_a_prompt(app, keyboard, dial):
    app["/menu"] = MENU
    call = asyncio.create_task(dial(keyboard[0]))
    await app.asked.wait()
    await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
    transcript = await call
    assert transcript.ended_by == "caller"
    assert app.paths == ["/menu", "/status"]


async def test_ctrl_c_hangs_up_while_the_application_thinks(app, keyboard, dial):
    """Twilio waits for the answer all the same, and performs nothing of it."""

    async def handler(request):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.05)
        from aiohttp import web

        return web.Response(text="<Response><Say>never</Say></Response>", content_type="text/xml")

    app["/menu"] = handler
    transcript = await dial(keyboard[0])
    assert transcript.said == []
    assert transcript.ended_by == "caller"
    assert app.paths == ["/menu", "/status"]


async def test_ctrl_c_hangs_up_in_the_middle_of_a_pause(app, keyboard, dial):
    async def wait(seconds):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.01)

    app["/menu"] = "<Pause/><Say>never</Say><Redirect>/never</Redirect>"
    transcript = await dial(keyboard[0], wait=wait)
    assert app.paths == ["/menu", "/status"]
    assert transcript.ended_by == "caller"


async def test_ctrl_c_is_itself_again_afterwards(app, keyboard, dial):
    before = signal.getsignal(signal.SIGINT)
    await dial(keyboard[0])
    assert signal.getsignal(signal.SIGINT) is before


async def test_off_the_main_thread_there_is_no_ctrl_c(app, tmp_path, dial):
    app["/menu"] = "<Say>hello</Say>"
    keys = tmp_path / "keys"
    keys.touch()
    with keys.open() as file:
        call = asyncio.to_thread(lambda: asyncio.run(dial(file.fileno())))
        assert (await call).said == ["hello"]


# --- printing --------------------------------------------------------------------


async def test_without_a_terminal_lines_are_plain(app, screen):
    app["/voice"] = MENU
    app["/menu/1.3"] = (
        "<Say>[red]you have pressed one of the keys on your telephone, and it was the first of them[/]</Say>"
    )
    transcript = await app.run(Press("1"), on_line=Printer(screen))
    printed = screen.file.getvalue()
    assert "\x1b" not in printed
    for line in transcript.lines:
        assert str(line) in printed, "not wrapped, and markup is text"
    assert "→ POST /menu/1.3?step=1  Digits=1  200  " in printed
    assert " ms\n" in printed
    assert printed.startswith(f"☎ +14155550100 → +14155550199  {app.url('/voice')}\n")


async def test_in_a_terminal_there_is_colour_and_nothing_that_colours_itself(app):
    console = Console(file=io.StringIO(), force_terminal=True, width=60, highlight=False)
    app["/voice"] = MENU.replace("press 1", "[red]press[/] " + "a long sentence " * 9)
    await app.run(on_line=Printer(console))
    printed = console.file.getvalue()
    assert "\x1b[" in printed
    assert "[red]press[/]" in printed


async def test_what_comes_over_the_wire_does_not_steer_the_terminal(app):
    """XML may hold C1 controls, and text that turns the line around; the transcript keeps them, its lines don't."""
    app["/voice"] = "<Say>\x9b31mred\u202eder</Say>"
    transcript = await app.run()
    assert transcript.said == ["\x9b31mred\u202eder"]
    assert "“  31mred der" in str(transcript)


async def test_at_a_terminal_a_prompt_says_what_it_wants(app, keyboard):
    stdin, types = keyboard
    console = Console(file=io.StringIO(), force_terminal=True, no_color=True, width=80, highlight=False)
    app["/menu"] = '<Gather input="dtmf speech" numDigits="3"/><Dial>+441</Dial>'
    types("\n\n\n")
    await converse(partial(Call, app.url("/menu"), auth_token="12345"), console=console, stdin=stdin)
    printed = console.file.getvalue()
    assert 'Gather (3 keys, # to finish; "words; h; ? for help)' in printed
    assert "Dial (answer, busy, no-answer, failed; h; ? for help)" in printed


# --- the transcript --------------------------------------------------------------


async def test_a_transcript_reads_like_the_call(app):
    app["/voice"] = MENU
    app["/menu/1.3"] = '<Pause length="2"/><Play>http://h/x.mp3</Play><Sms>hi</Sms><Dial>+441</Dial><Frob/>'
    transcript = await app.run(Press("1"), status_callback=app.url("/status"))
    assert (
        str(transcript)
        == """\
☎ +14155550100 → +14155550199
→ POST /voice  ringing  200
    “ press 1
    # 1
→ POST /menu/1.3?step=1  Digits=1  200
    … pause, 2 s
    ♪ http://h/x.mp3
    ✉ to +14155550100: hi
    ☏ +441
    ☏ answered, 20 s
    ! 12200 <Frob> is no verb; it is passed over
■ the application ends the call (no verb left)
↗ POST /status  completed  200"""
    )


async def test_lines_say_who_and_where_and_when(app):
    app["/voice"] = MENU
    app["/menu/1.3"] = "<Say>yes</Say>"
    lines = []
    transcript = await app.run(Press("1"), on_line=lines.append)
    assert transcript.lines == lines
    assert [(line.who, line.state) for line in lines if line.text in {"press 1", "1", "yes"}] == [
        ("application", "/voice"),
        ("caller", "/voice"),
        ("application", "/menu/1.3"),
    ]
    requests = [line for line in lines if line.kind == "request"]
    assert [line.state for line in requests] == ["/voice", "/menu/1.3"]
    assert all(line.took > 0 for line in requests)
    assert [request.document for request in transcript.requests] == [
        f"<Response>{MENU}</Response>",
        "<Response><Say>yes</Say></Response>",
    ]


def test_an_unfinished_transcript_is_not_broken():
    assert not Transcript().broken
    assert str(Transcript()) == ""
