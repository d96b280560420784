"""The auditor notices: the evidence of a run is doctored, and he says what is wrong with it."""

from __future__ import annotations

import asyncio
import copy
import itertools
import math
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.chaos import auditor
from tests.chaos.auditor import Evidence
from tests.chaos.callers import Unheard
from tests.chaos.weather import Spell
from twiml import APOLOGY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.callers import Heard
    from tests.chaos.run import Report

CASES = """
CREATE TEMP VIEW a_step AS SELECT max(rowid) AS id FROM rows
    WHERE kind = 'gather_response' AND same LIKE 't%' AND moved;
CREATE TEMP VIEW an_ended AS SELECT min(call_sid) AS sid FROM rows WHERE kind = 'call_complete' AND moved;
CREATE TEMP TABLE a_last AS SELECT call_sid AS sid, version FROM rows JOIN calls USING (call_sid, version)
    WHERE same LIKE 't%' AND rows.version > 1 LIMIT 1;
"""
"""What is doctored: a step that was answered, a call that Twilio has ended, the last step of a call."""
LOST = "DELETE FROM rows WHERE rowid = (SELECT id FROM a_step)"
LAST_LOST = (
    "DELETE FROM rows WHERE (call_sid, version) = (SELECT sid, version FROM a_last);"
    "UPDATE calls SET version = version - 1 WHERE call_sid = (SELECT sid FROM a_last)"
)
CHANGED = "UPDATE rows SET answer = answer || ' ' WHERE rowid = (SELECT id FROM a_step)"
TWICE = (
    "INSERT INTO rows SELECT call_sid, 1000, at, kind, path, step, params, answer, moved, same FROM rows"
    " WHERE rowid = (SELECT id FROM a_step)"
)
REOPENED = "UPDATE calls SET status = 'in-progress' WHERE call_sid = (SELECT sid FROM an_ended)"
NOT_ENDED = "UPDATE rows SET moved = 0 WHERE call_sid = (SELECT sid FROM an_ended) AND kind = 'call_complete'"
LEFT = (
    "INSERT INTO letters SELECT call_sid, version, 9, 'status', '_office', 'status', at, path, step, params, at, 0, ''"
    " FROM rows WHERE rowid = (SELECT id FROM a_step)"
)
CLAIMED = "INSERT OR REPLACE INTO claims SELECT sid, 'somebody', 1e12 FROM an_ended"


@pytest.mark.parametrize(
    ("script", "noticed"),
    [
        pytest.param(LOST, {"versions have no gaps", "an answer is a step"}, id="a step in the middle is lost"),
        pytest.param(LAST_LOST, {"an answer is a step"}, id="a last step is lost"),
        pytest.param(CHANGED, {"an answer is a step"}, id="an answer is another"),
        pytest.param(TWICE, {"versions have no gaps", "a webhook is one row"}, id="a step is there twice"),
        pytest.param(REOPENED, {"a call ends once"}, id="a call is open again"),
        pytest.param(NOT_ENDED, {"a call ends once"}, id="a call never ended"),
        pytest.param(LEFT, {"no letter is left"}, id="a letter lies about"),
        pytest.param(CLAIMED, {"no claim is left"}, id="a claim holds for ever"),
    ],
)
def test_a_journal_that_was_tampered_with_is_found_out(
    sqlite_run: Report, tmp_path: Path, script: str, noticed: set[str]
) -> None:
    assert sqlite_run.journal is not None
    path = tmp_path / "doctored.db"
    shutil.copy(sqlite_run.journal, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(CASES + script)
        assert connection.total_changes
    doctored = asyncio.run(auditor.read(f"sqlite:///{path}"))
    assert findings(replace(sqlite_run.evidence, **doctored)) >= noticed


def a_line_is_missing(evidence: Evidence) -> None:
    del evidence.told[len(evidence.told) // 2]


def a_line_is_out_of_order(evidence: Evidence) -> None:
    case = auditor.Case(evidence)
    at = next(
        n
        for n, (one, other) in enumerate(itertools.pairwise(evidence.told))
        if one["call_sid"] == other["call_sid"]
        and (auditor._version(case, one) or math.inf) < (auditor._version(case, other) or 0)
    )
    evidence.told[at : at + 2] = reversed(evidence.told[at : at + 2])


def a_line_is_of_nothing(evidence: Evidence) -> None:
    evidence.told.append(evidence.told[0] | {"at": 1.0})


def an_end_is_told_of_again(evidence: Evidence) -> None:
    line = next(each for each in evidence.told if each["event"] == "completion")
    rows = [row for row in evidence.rows if row["call_sid"] == line["call_sid"] and row["at"] != line["at"]]
    evidence.told.append(line | {"at": rows[0]["at"]})


def something_else_was_heard(evidence: Evidence) -> None:
    evidence.heard.append(replace(a_step(evidence), text="<Response><Say>What?</Say></Response>"))


def an_apology_was_heard_in_fine_weather(evidence: Evidence) -> None:
    evidence.spells.clear()
    evidence.heard.append(replace(a_step(evidence), text=APOLOGY, token="another"))


def an_error_was_heard(evidence: Evidence) -> None:
    evidence.heard.append(replace(a_step(evidence), status=503, text="the journal is away"))


def nothing_was_heard(evidence: Evidence) -> None:
    evidence.spells.clear()
    evidence.unanswered.append(Unheard("CA1", "/menu", evidence.now - 14.0, evidence.now))


def an_answer_took_its_time(evidence: Evidence) -> None:
    evidence.spells.clear()
    step = a_step(evidence)
    evidence.heard.append(replace(step, sent=step.at - 6.0))


def a_file_is_broken(evidence: Evidence) -> None:
    evidence.unsound.append("row 3 missing from index letters_due")


def a_callout_was_begun_when_it_was_done(evidence: Evidence) -> None:
    line = next(each for each in evidence.callouts if each["edge"] == "end" and each["name"] == "quick")
    evidence.callouts.append(line | {"edge": "begin", "at": evidence.now})


def a_callout_has_run_twice(evidence: Evidence) -> None:
    evidence.spells.clear()
    line = next(each for each in evidence.callouts if each["edge"] == "begin")
    evidence.callouts.append(line | {"at": line["at"] + 0.01})


def a_callout_has_another_outcome(evidence: Evidence) -> None:
    call = next(each for each in evidence.calls if each["snapshot"]["data"])
    call["snapshot"]["data"] = dict.fromkeys(call["snapshot"]["data"], "deadbeef")


def a_call_changed_its_edition(evidence: Evidence) -> None:
    row = next(row for row in evidence.rows if row["answer"].count("generation ") > 1)
    row["answer"] = row["answer"].replace("generation ", "generation 9", 1)


def a_call_crashed_by_itself(evidence: Evidence) -> None:
    evidence.events.append(
        {"event": "child_crashed", "offender": "CA1", "node": 0, "reason": "KeyError: 'x'", "logged": evidence.now}
    )


def a_drain_failed(evidence: Evidence) -> None:
    evidence.stops.append((0, 1, 2.0))


def somebody_is_on_the_line(evidence: Evidence) -> None:
    evidence.statuses[0]["calls"]["in_progress"] = 1


def a_daemon_grew(evidence: Evidence) -> None:
    evidence.vitals[0]["megabytes"] = 1000


@pytest.mark.parametrize(
    ("doctor", "noticed"),
    [
        (a_line_is_missing, "everybody is told|a recording is told of once"),
        (a_line_is_out_of_order, "those of one call are told in order"),
        (a_line_is_of_nothing, "nobody is told what was not committed"),
        (an_end_is_told_of_again, "the end is told once"),
        (something_else_was_heard, "a token has one answer"),
        (something_else_was_heard, "an answer is a step"),
        (an_apology_was_heard_in_fine_weather, "an answer is a step"),
        (an_error_was_heard, "a daemon answers with a document"),
        (nothing_was_heard, "a webhook is answered if somebody is there"),
        (an_answer_took_its_time, "an answer is in time"),
        (a_file_is_broken, "the file is sound"),
        (a_callout_was_begun_when_it_was_done, "a callout is not run after its outcome was committed"),
        (a_callout_has_run_twice, "a callout is begun again for a reason"),
        (a_callout_has_another_outcome, "a callout has one outcome"),
        (a_call_changed_its_edition, "a call keeps its edition"),
        (a_call_crashed_by_itself, "a journal fails in bad weather alone"),
        (a_drain_failed, "a drain ends well"),
        (somebody_is_on_the_line, "nobody is on the line"),
        (a_daemon_grew, "a daemon takes no more than its share"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_evidence_that_was_tampered_with_is_found_out(
    sqlite_run: Report, doctor: Callable[[Evidence], None], noticed: str
) -> None:
    evidence = copy.deepcopy(sqlite_run.evidence)
    doctor(evidence)
    assert findings(evidence) & set(noticed.split("|"))


@pytest.mark.parametrize(
    ("spells", "may_fail"),
    [
        ([], False),
        ([Spell("kill", 9.0, 10.0)], False),
        ([Spell("locked", 9.0, 10.0)], True),
        ([Spell("locked", 5.0, 6.0)], False),
        ([Spell("locked", 5.0, 6.0), Spell("stall", 5.5, 10.0)], True),
        ([Spell("locked", 5.0, 6.0), Spell("kill", 5.5, 10.0)], False),
        ([Spell("locked", 5.0, 6.0), Spell("stall", 6.5, 9.9)], False),
        ([Spell("stall", 4.0, 9.9)], False),
        ([Spell("stall", 4.0, 10.1)], True),
    ],
)
def test_a_daemon_that_stood_still_hears_of_what_has_failed_when_it_goes_on(
    spells: list[Spell], may_fail: bool
) -> None:
    assert auditor.Case(Evidence(spells=spells)).journal_may_fail(10.5, 10.5) is may_fail


def findings(evidence: Evidence) -> set[str]:
    """The checks that have found something."""
    return {each.partition(":")[0] for each in auditor.audit(evidence)}


def a_step(evidence: Evidence) -> Heard:
    """An answer that is a step."""
    case = auditor.Case(evidence)
    return next(
        heard
        for heard in evidence.heard
        if heard.token and "<Gather" in heard.text and auditor._row_of(case, heard) is not None
    )
