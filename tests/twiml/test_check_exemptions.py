"""`# switchhook: ignore[…]` in a recipe's source: what it exempts, and what is said of one that doesn't."""

from __future__ import annotations

import pytest

from twiml import Hangup, Record, Say, Sms
from twiml.checks import check, comments_of, exempted

TEXT = Sms("howdy", to="+441314960123", from_="+441314960456")
FINDINGS = check([Say("Speak up."), Record(), TEXT, Hangup(), Say("unheard")])
CODES = ["SW015", "SW018", "SW001"]


def left(source: str) -> list[str]:
    """What is left of the findings, as code and, for complaints, the sentence."""
    return [str(each) if each.code.startswith("SW1") else each.code for each in exempted(FINDINGS, comments_of(source))]


def left_of_flow(source: str) -> list[str]:
    return [each.code for each in exempted(FINDINGS, comments_of(source)) if each.rank]


def test_the_flow_of_these_tests_has_these_findings():
    assert [each.code for each in FINDINGS] == CODES


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", CODES),
        ("x = 1\n", CODES),
        ("# switchhook: ignore[SW015]\n", ["SW018", "SW001"]),
        ("# switchhook: ignore[SW015,SW018]\n", ["SW001"]),
        ("# switchhook: ignore[ sw015 , SW018 , SW001 ]\n", []),
        ("#switchhook:ignore[SW015] because we look them up\n", ["SW018", "SW001"]),
        ("# switchhook: ignore[SW015]\n# switchhook: ignore[SW001]\n", ["SW018"]),
        ('"""Doc."""\nimport x\n\n# switchhook: ignore[SW001]\nrecipe = [\n    1\n]\n', ["SW015", "SW018"]),
        ("recipe = [\n# switchhook: ignore[SW001]\n]\n", ["SW015", "SW018"]),
        ("# switchhook: ignore[SW001]", ["SW015", "SW018"]),
        ("# switchhook: ignore[SW001]\r\nx = 1\r\n", ["SW015", "SW018"]),
        ("# Twilio's switchhook: ignore[SW001]\n", CODES),
        ("# switchhook: ignored\n", CODES),
    ],
)
def test_what_an_exemption_exempts(source, expected):
    assert left(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""\n# switchhook: ignore[SW015]\n"""\n',
        "x = '# switchhook: ignore[SW015]'\n",
        "x = f'''\n# switchhook: ignore[SW015]\n'''\n",
        "x = 'a\\\n# switchhook: ignore[SW015]'\n",
    ],
)
def test_a_string_is_no_comment(source):
    assert left(source) == CODES


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1  # switchhook: ignore[SW015]", "line 1: an exemption stands on a line of its own"),
        ("if x:\n    # switchhook: ignore[SW015]\n    y = 1", "line 2: an exemption stands on a line of its own"),
        ("# switchhook: ignore", "line 1: an exemption names codes in brackets"),
        ("# switchhook: ignore SW015", "line 1: an exemption names codes in brackets"),
        ("\n# switchhook: ignore[]", "line 2: an exemption names codes in brackets"),
        ("# switchhook: ignore[ , ]", "line 1: an exemption names codes in brackets"),
        ("# switchhook: ignore[SW999]", 'line 1: there is no code "SW999" to be exempt from'),
        ("# switchhook: ignore[E501]", 'line 1: there is no code "E501" to be exempt from'),
        ("# switchhook: ignore[SW101]", 'line 1: there is no code "SW101" to be exempt from'),
        ("# switchhook: ignore[SW102]", 'line 1: there is no code "SW102" to be exempt from'),
    ],
)
def test_an_exemption_from_nothing_is_told_and_hides_nothing(source, complaint):
    found = exempted(FINDINGS, comments_of(source))

    assert str(found[0]).startswith(f"SW101 warning: {complaint}")
    assert (found[0].severity, found[0].rank) == ("warning", "")
    assert [each.code for each in found[1:]] == CODES


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("# switchhook: ignore[SW003]", 1),
        ("\n\n# switchhook: ignore[SW015, SW003]", 3),
        ("# switchhook: ignore[SW015]\n# switchhook: ignore[SW015]", 2),
        ("# switchhook: ignore[SW015, SW015]", 1),
    ],
)
def test_an_exemption_that_nothing_needs_is_told(source, line):
    [complaint] = [each for each in exempted(FINDINGS, comments_of(source)) if not each.rank]

    assert str(complaint).startswith(f"SW102 warning: line {line}: nothing here needs an exemption from SW0")


def test_a_good_code_beside_an_unknown_one_still_counts():
    assert left_of_flow("# switchhook: ignore[SW015, SW555, SW001]") == ["SW018"]


@pytest.mark.parametrize("source", ["(", "  x\n y", "'''", "\x00", "x = = 1  # fine", "\f", "\\"])
def test_a_source_that_is_no_python_exempts_nothing_and_breaks_nothing(source):
    assert left(source) == CODES
