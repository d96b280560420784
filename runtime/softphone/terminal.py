"""The softphone in a terminal: a call printed as it goes, and a keypad to take part in it.

    await converse(partial(Call, url, auth_token=token))          # you are the caller
    await Call(url, auth_token=token, script=acts, on_line=Printer()).run()      # you watch

Each document says which state answered it and how fast. Without a terminal the same lines come plain, one each.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime.interrupts import interrupted_by
from runtime.softphone.caller import Act, HangUp, Prompt, Silence, parse_line
from runtime.softphone.transcript import KINDS, OUTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runtime.softphone.call import Call
    from runtime.softphone.transcript import Line, Transcript

HELP = """\
    1, 23#, *      press keys
    "text          say something (or: say text)
    Enter          silence; at a Dial or in a queue: it is answered
    busy           what becomes of a Dial: answer, busy, no-answer, failed, canceled
    h              hang up (so do Ctrl-C and Ctrl-D)
    ?              this"""

_STYLES = {
    "call": "bold",
    "request": "cyan",
    "callback": "dim cyan",
    "said": "green",
    "played": "green",
    "pressed": "bold yellow",
    "spoke": "bold yellow",
    "silence": "dim",
    "wait": "dim",
    "dialled": "magenta",
    "answered": "magenta",
    "recorded": "red",
    "sms": "magenta",
    "note": "dim",
    "warning": "yellow",
    "error": "bold red",
    "ended": "bold",
}


class Printer:
    """Prints a transcript's lines as they come: `Call(…, on_line=Printer())`."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def __call__(self, line: Line) -> None:
        """Print one line."""
        took = "" if line.took is None else f"{line.took * 1000:.0f} ms"
        detail = line.url if line.kind == "call" else took
        if not self._console.is_terminal:
            self._console.print(f"{line}  {detail}".rstrip(), markup=False, highlight=False, soft_wrap=True)
            return
        style = "bold red" if line.failed else _STYLES[line.kind]
        row = Table.grid(padding=(0, 1, 0, 0), expand=True)
        row.add_column(width=1 if line.kind in OUTER else 5, justify="right")
        row.add_column(ratio=1, overflow="fold")
        row.add_column(justify="right", no_wrap=True)
        row.add_row(Text(KINDS[line.kind][0], style), Text(line.printable, style), Text(detail, "dim"))
        if line.kind in {"call", "request"}:
            self._console.print()
        self._console.print(row)


class Keypad:
    """A caller who types: one line an act, as `HELP` has it.

    Args:
        lines: what is typed; None when nothing more will come.
        console: where prompts and help go.
    """

    def __init__(self, lines: asyncio.Queue[str | None], console: Console) -> None:
        self._lines = lines
        self._console = console
        self._gone = False

    async def answer(self, prompt: Prompt) -> Act:
        """Ask until something comes that this prompt can hear."""
        while not self._gone:
            self._ask(prompt)
            line = await self._lines.get()
            if line is None or self._gone:
                self._print("")
                break
            act = parse_line(line)
            match act:
                case None:
                    self._print(HELP)
                case HangUp():
                    break
                case Silence():
                    return prompt.default
                case _ if prompt.hears(act):
                    return act
                case _:
                    self._print(f"    {prompt.verb} doesn't listen for that: {act}")
        self._gone = True
        return HangUp()

    def hang_up(self) -> None:
        """Put the phone down, whatever the call is doing."""
        self._gone = True
        self._lines.put_nowait(None)

    def hangs_up(self, during: str) -> bool:  # noqa: ARG002 - a person hangs up in anything
        """Whether the phone was put down."""
        return self._gone

    @property
    def left(self) -> Sequence[Act]:
        """Nothing: a person has no script."""
        return ()

    def _ask(self, prompt: Prompt) -> None:
        if not self._console.is_terminal:
            return
        wanted = []
        if prompt.keys:
            count = {None: "keys", 1: "1 key"}.get(prompt.digits, f"{prompt.digits} keys")
            wanted.append(count + (f", {prompt.finish} to finish" if prompt.finish else ""))
        if prompt.speech:
            wanted.append('"words')
        if prompt.answer:
            wanted.append("answer, busy, no-answer, failed")
        wanted.append("h")
        self._console.print(Text(f"    {prompt.verb} ({'; '.join(wanted)}; ? for help) ▸ ", "bold"), end="")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


async def converse(
    make_call: Callable[..., Call], *, console: Console | None = None, stdin: int | None = None
) -> Transcript:
    """Make a call and take part in it.

    The end of the input and Ctrl-C hang up: the call ends as calls do, its status callback included.

    Args:
        make_call: makes the call from `script=` and `on_line=`: `partial(Call, url, auth_token=token)`.
        console: where to print; standard output by default.
        stdin: the file descriptor to read; standard input by default.
    """
    console = console or Console(highlight=False)
    with _lines(sys.stdin.fileno() if stdin is None else stdin) as lines:
        keypad = Keypad(lines, console)
        with interrupted_by(keypad.hang_up):
            return await make_call(script=keypad, on_line=Printer(console)).run()


class _Lines(asyncio.Queue["str | None"]):
    """What was typed, by lines, and then None."""

    _rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take what was read; nothing means there will be no more."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:
            whole.append(self._rest)
        for line in whole:
            self.put_nowait(line.decode(errors="replace"))
        if not chunk:
            self.put_nowait(None)


@contextlib.contextmanager
def _lines(fd: int) -> Iterator[_Lines]:
    """The lines that come in at a descriptor, read without holding up the loop."""
    loop = asyncio.get_running_loop()
    lines = _Lines()

    def ready() -> None:
        chunk = os.read(fd, 4096)
        if not chunk:
            loop.remove_reader(fd)
        lines.feed(chunk)

    def pump() -> None:
        # A loop that is closed has nobody left to type for.
        with contextlib.suppress(RuntimeError):
            chunk = b"?"
            while chunk:
                chunk = os.read(fd, 4096)
                loop.call_soon_threadsafe(lines.feed, chunk)

    try:
        loop.add_reader(fd, ready)
    except (NotImplementedError, PermissionError):
        # A plain file can't be watched, and on Windows nothing can.
        threading.Thread(target=pump, daemon=True).start()
        yield lines
        return
    try:
        yield lines
    finally:
        loop.remove_reader(fd)
