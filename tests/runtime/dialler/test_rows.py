"""Who is to be called: every row is checked, everything that is wrong is told at once, with its line."""

from __future__ import annotations

import doctest
import time
from urllib.parse import parse_qsl

import pytest

from runtime.dialler import RowsError, read, rows
from tests.runtime.dialler.exchange import number

JANE, JOE = "+441314960123", "+441314960124"


@pytest.fixture
def file(tmp_path):
    """Write a file, as text or octets, and read it."""

    def file(content: str | bytes):
        path = tmp_path / "guests.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(path, "guests.csv")

    return file


@pytest.fixture
def wrong(file):
    """The lines that a file is refused with."""

    def wrong(content: str | bytes) -> list[str]:
        with pytest.raises(RowsError) as caught:
            file(content)
        assert caught.value.exit_code == 2
        return list(caught.value.lines)

    return wrong


def test_the_examples():
    assert doctest.testmod(rows).failed == 0


def test_numbers_and_the_lines_they_stand_in(file):
    found = file(f"to\n{JANE}\n{JOE}\n")

    assert [(row.line, row.to, row.query) for row in found.rows] == [(2, JANE, ""), (3, JOE, "")]
    assert found.repeats == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_utf_8_as_any_program_writes_it(file, mark, end):
    found = file(mark + end.join(["to,name", f"{JANE},Jörg", ""]).encode())

    assert [(row.to, row.query) for row in found.rows] == [(JANE, "name=J%C3%B6rg")]


@pytest.mark.parametrize(
    "written",
    [
        "+44 131 496 0123",
        "+44-131-496-0123",
        " +44 131\u00a0496\u20110123 ",
        "\t+441314960123",
        "+44\u2013131 4960123",
    ],
)
def test_spaces_and_dashes_are_forgiven(file, written):
    assert [row.to for row in file(f'to\n"{written}"\n').rows] == [JANE]


@pytest.mark.parametrize(
    "written",
    [
        "0131 496 0123",
        "441314960123",
        "00441314960123",
        "+44 (0)131 496 0123",
        "++441314960123",
        "client:jane",
        "tel:+441314960123",
        "Jane",
        "4.41E+11",
        "\u0664\u0664\u0661\u0663\u0661\u0664\u0669\u0666\u0660\u0661\u0662\u0663",
    ],
)
def test_what_is_not_international_is_not_guessed_at(wrong, written):
    [line] = wrong(f"to\n{written}\n")

    assert line.startswith(f"guests.csv:2: {written!r} is not in E.164: a + and the country come first")


@pytest.mark.parametrize("written", ["+44131496", "+4413149601234567", "+9991234567", "+1", "+10000000000"])
def test_a_number_that_nobody_can_have(wrong, written):
    [line] = wrong(f"to\n{written}\n")

    assert line.startswith(f"guests.csv:2: {written!r} is no number")


def test_a_number_with_a_zero_too_many_is_not_called_but_told(wrong):
    assert wrong("to\n+4401314960123\n") == [
        "guests.csv:2: '+4401314960123' is not in E.164; is it +441314960123?",
    ]


def test_an_italian_zero_is_part_of_the_number(file):
    assert [row.to for row in file("to\n+39 06 6982\n").rows] == ["+39066982"]


# --- columns -----------------------------------------------------------------------------------------


def test_the_other_columns_are_a_query(file):
    [row] = file(f'name,to,appointment,note_2\nJane & Joe,{JANE},"on Tuesday, ten",\n').rows

    assert parse_qsl(row.query, keep_blank_values=True) == [
        ("name", "Jane & Joe"),
        ("appointment", "on Tuesday, ten"),
        ("note_2", ""),
    ]


@pytest.mark.parametrize("name", ["Name", "first name", "naïve", "2nd", "_x", "a-b", "CallSid", "", "a.b"])
def test_a_name_that_no_parameter_may_have(wrong, name):
    [line] = wrong(f"to,{name}\n{JANE},x\n")

    assert line.startswith(f"guests.csv:1: column 2 is called {name!r}; a name has small letters")


def test_the_machines_own_step_is_no_column(wrong):
    assert wrong(f"to,step\n{JANE},1\n") == [
        "guests.csv:1: column 2 is called 'step'; the recipe's own URLs use that",
    ]


def test_a_column_that_occurs_twice(wrong):
    assert wrong(f"to,name,name\n{JANE},a,b\n") == ["guests.csv:1: column 3 is called name like an earlier one"]
    assert wrong(f"to,to\n{JANE},{JOE}\n") == ["guests.csv:1: column 2 is called to like an earlier one"]


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("name,phone", "; there is name, phone"),
        ("To,name", "; there is To, name"),
        ("to;name", "; cells are parted by commas, not by semicolons"),
        (JANE, f"; there is {JANE}"),
    ],
)
def test_a_file_without_the_column(wrong, header, hint):
    assert f"guests.csv:1: there is no column to{hint}" in wrong(f"{header}\nx,y\n")


def test_more_for_the_recipe_than_a_url_may_carry(wrong):
    [line] = wrong(f"to,name\n{JANE},{'x' * 4000}\n{JOE},{'x' * 3995}\n")

    assert line == "guests.csv:2: has 4005 characters for the recipe, as a URL has them; 4000 are the most"


# --- rows --------------------------------------------------------------------------------------------


def test_blank_lines_are_skipped_and_counted(file):
    found = file(f"\n\nto,name\n\n{JANE},a\n , \n,\n\n{JOE},b\n\n")

    assert [(row.line, row.to) for row in found.rows] == [(5, JANE), (9, JOE)]


def test_a_cell_of_two_lines_counts_as_two(file):
    found = file(f'to,name\n{JANE},"a\nb"\n{JOE},c\n')

    assert [row.line for row in found.rows] == [2, 4]


def test_a_number_that_occurs_again_is_called_once_with_its_first_row(file):
    found = file(f"to,name\n{JANE},a\n{JOE},b\n+44 131 496 0123,c\n{JANE},d\n")

    assert [(row.to, row.query) for row in found.rows] == [(JANE, "name=a"), (JOE, "name=b")]
    assert found.repeats == [
        f"guests.csv:4: {JANE} is in line 2 already; it is called once",
        f"guests.csv:5: {JANE} is in line 2 already; it is called once",
    ]


def test_everything_that_is_wrong_is_told_at_once(wrong):
    content = f"to,Name\n0131,x\n{JANE},x,y\n{JANE}\n{JOE},x\n+1,x\n"

    assert [line.partition(" ")[0] for line in wrong(content)] == [f"guests.csv:{line}:" for line in (1, 2, 3, 4, 6)]


def test_rows_of_another_width_than_the_header(wrong):
    assert wrong(f"to,name\n{JANE}\n{JOE},a,b\n") == [
        "guests.csv:2: has 1 cells, and the header 2",
        "guests.csv:3: has 3 cells, and the header 2",
    ]


@pytest.mark.parametrize("content", ["", "\n\n", "to\n", "to,name\n\n,\n", "\ufeff"])
def test_nobody_to_call(wrong, content):
    [line] = wrong(content)

    assert line in {"guests.csv: there is nobody to call in it", "guests.csv:1: there is no column to"}


# --- what is no CSV ------------------------------------------------------------------------------------


def test_a_quote_that_is_never_closed_swallows_nobody_in_silence(wrong):
    lines = wrong(f'to,name\n0131,x\n{JANE},"a\n{JOE},b\n')

    assert lines[0].startswith("guests.csv:2: ")
    assert lines[1:] == ["guests.csv:3: is not CSV: unexpected end of data"]


def test_a_header_with_a_quote_that_is_never_closed(wrong):
    assert wrong(f'to,"name\n{JANE},a\n') == ["guests.csv:1: is not CSV: unexpected end of data"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("to\n+441314960123\nJörg".encode("latin-1"), 3),
        ("to\n+441314960123\n".encode("utf-16"), 1),
    ],
)
def test_another_encoding(wrong, content, line):
    assert wrong(content) == [f"guests.csv:{line}: is not UTF-8; save the file as CSV in UTF-8"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(RowsError, match=r"none\.csv: can't be read: No such file"):
        read(tmp_path / "none.csv")
    with pytest.raises(RowsError, match=r"x\.csv: can't be read: Is a directory"):
        read(tmp_path, "x.csv")


def test_a_hundred_thousand_rows_are_no_problem(file):
    numbers = [f"+1415{2_000_000 + n}" for n in range(100_000)]
    began = time.process_time()

    found = file("to,name\n" + "".join(f"{each},guest {n}\n" for n, each in enumerate(numbers)))

    assert [row.to for row in found.rows] == numbers
    assert time.process_time() - began < 30, "it takes some four seconds"


def test_the_numbers_of_these_tests_can_be_called(file):
    assert len(file("to\n" + "\n".join(map(number, range(0, 10_000, 97)))).rows) == 104
