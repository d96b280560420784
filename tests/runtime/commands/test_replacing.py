"""A command's file is replaced by the whole of what is written, or stays as it was."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from runtime.commands.replacing import replacing
from runtime.errors import SwitchhookError


@pytest.fixture
def file(tmp_path) -> Path:
    """A file with something in it."""
    file = tmp_path / "kept.txt"
    file.write_text("precious\n", encoding="utf-8")
    return file


def others(file: Path) -> list[Path]:
    return [each for each in file.parent.iterdir() if each != file]


def test_it_holds_what_was_written_and_nothing_is_left_beside_it(file):
    with replacing(file) as to:
        to.write("new ü\n")
        assert file.read_text(encoding="utf-8") == "precious\n"

    assert file.read_text(encoding="utf-8") == "new ü\n"
    assert others(file) == []


def half_written(file: Path, problem: BaseException) -> None:
    with replacing(file) as to:
        to.write("half a")
        raise problem


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, SystemExit])
def test_it_stays_as_it_was_if_anything_is_raised_on_the_way(file, problem):
    with pytest.raises(problem):
        half_written(file, problem())

    assert file.read_text(encoding="utf-8") == "precious\n"
    assert others(file) == []


def test_it_stays_as_it_was_if_the_disk_is_full(file):
    with pytest.raises(SwitchhookError, match=r"kept\.txt: can't be written: No space left on device"):
        half_written(file, OSError(28, "No space left on device"))

    assert file.read_text(encoding="utf-8") == "precious\n"
    assert others(file) == []


def test_a_file_that_is_not_there_is_made_when_it_is_whole(tmp_path):
    with replacing(tmp_path / "new.txt") as to:
        to.write("new")
        assert not (tmp_path / "new.txt").exists()

    assert (tmp_path / "new.txt").read_text(encoding="utf-8") == "new"


def test_who_may_read_it_stays(file):
    file.chmod(0o640)

    with replacing(file) as to:
        to.write("new")

    assert file.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_one(file):
    link = file.with_name("link")
    link.symlink_to(file)

    with replacing(link) as to:
        to.write("new")

    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "new"


def test_a_pipe_has_it_at_once_and_stays_a_pipe(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()

    with replacing(pipe) as to:
        to.write("new")
    reader.join(10)

    assert read == ["new"]
    assert pipe.is_fifo()


def test_a_dash_is_standard_output(capsys):
    with replacing(Path("-")) as to:
        to.write("new")

    assert capsys.readouterr().out == "new"


@pytest.mark.parametrize(
    ("name", "why"), [("no/such/x", "No such file or directory"), ("", "Is a directory")], ids=["no folder", "a folder"]
)
def test_what_can_not_be_written_is_told(tmp_path, name, why):
    with pytest.raises(SwitchhookError, match=f"can't be written: {why}"), replacing(tmp_path / name):
        pytest.fail("it was opened")
