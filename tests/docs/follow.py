"""Runs the commands of a page one after the other: steps from standard input as JSON, what they printed back out.

A step is a file to write, with its text, or a command. Each command is a process of its own, but `switchhook` is
forked from this one, which has imported every command already: importing one anew takes longer than most run.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from runtime.commands import main


def run(command: str) -> str:
    """What a command prints, on both its outputs."""
    words = shlex.split(command)
    with tempfile.TemporaryFile() as output:
        if words[0] != "switchhook":
            subprocess.run(command, shell=True, stdout=output, stderr=output, check=False)  # noqa: S602 - the page's own
        elif child := os.fork():
            os.waitpid(child, 0)
        else:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.argv = words
            main()  # which leaves by exit
        output.seek(0)
        return output.read().decode()


if __name__ == "__main__":
    told = []
    list(main.commands.values())
    for file, text in json.load(sys.stdin):
        if file:
            Path(file).parent.mkdir(exist_ok=True)
            Path(file).write_text(text, encoding="utf-8")
        else:
            told.append(run(text))
    json.dump(told, sys.stdout)
