"""What must be true when the weather has cleared, whatever it was: the journal and what the callers heard are compared.

What may be answered is one of two things.

* *A step*: a row of the call's history, committed before the answer was given. The answer is that row's,
  to the byte, each time the webhook comes, at whichever daemon.
* *No step*, in three cases alone, and then it is one of two constant documents:
  - The journal could not be read or written, and whoever waits for a document hears the apology. A daemon's
    log must tell of that call's failure at that time, and the weather must have been such that journals fail.
    The apology hangs up, and Twilio sends nothing again that was answered; only a copy that was under way
    beside it, to a daemon that could write, can have been answered otherwise: with the bytes of the one row.
  - The same for a callback, which gets the empty document. It is lost: Twilio does not repeat it. That the
    call is over is then found out by the sweep.
  - A callback of a call that was not known to have begun: the empty document.

All that is read here is plain data, so that a test can doctor it and see what is said.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import itertools
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from tests.chaos.callers import Heard, Unheard
from tests.chaos.weather import JOURNAL_FAILS, Spell
from tests.postgres import statements
from twiml import APOLOGY, NOTHING

Record = dict[str, Any]

TABLES = {
    "calls": "call_sid, recipe, version, status, started, latest, due, initial_params, snapshot",
    "rows": "call_sid, version, at, kind, path, step, params, answer, moved, same",
    "letters": "call_sid, version, number, event, module, function, at, params, tries, due, reason",
    "claims": "call_sid, claimant, until",
}
JSON = ("initial_params", "snapshot", "params")
CALLBACKS = frozenset(
    {"call_complete", "call_status", "recording_notification", "transcription_notification", "action_after_the_end"}
)
TERMINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
SUBSCRIBED = {
    "completion": ("over", "over_too"),
    "status": ("status",),
    "dial": ("dialled",),
    "transcription": ("transcribed",),
}
"""By event, in the order in which they were subscribed. Recordings are looked at by their Sids."""
TRIES = 4
"""After which a letter is dead: one, and one after each of `retry_pauses`."""
TAKEN = re.compile(r"taken (\S+) ([0-9a-f]{8})")
GENERATION = re.compile(r"generation (\d+)")
JOURNALS = re.compile(r"(JournalError|Unusable|Crashed|ActorDeadError): ")
"""What a call may crash with."""
NEVER = frozenset(
    {"request_failed", "journal_failed", "journal_chore_failed", "not_stopped", "left_behind", "inbox_full"}
)
"""What is never logged."""
FATAL = frozenset({"kill", "kill all", "term", "stall"})
"""What ends a daemon, or looks like it."""
STANDS_STILL = frozenset({"freeze", "stall"})
AWAY, MOSTLY = FATAL | {"freeze"}, 0.7
"""When a webhook may find nobody, and the part of its time for which that must be so if it was given up."""
BEFORE, AFTER = 0.5, 4.0
"""Seconds around bad weather in which a journal may fail: a connection, or a lock, is waited for three."""
SLACK = 0.3
"""Seconds by which two clocks and two processes may differ."""
IN_TIME = 5.0
"""Seconds that an answer takes at most in fine weather, on a machine with much to do; a callout's patience is 0.3."""
MEGABYTES, THREADS, DESCRIPTORS = 250, 60, 200


@dataclass
class Evidence:
    """All that there is to go by."""

    calls: list[Record] = field(default_factory=list)
    rows: list[Record] = field(default_factory=list)
    letters: list[Record] = field(default_factory=list)
    claims: list[Record] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    """What SQLite finds wrong with its file."""
    heard: list[Heard] = field(default_factory=list)
    unanswered: list[Unheard] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    """What the softphones found wrong with what they heard, by CallSid."""
    told: list[Record] = field(default_factory=list)
    callouts: list[Record] = field(default_factory=list)
    events: list[Record] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)
    stops: list[tuple[int, int, float]] = field(default_factory=list)
    statuses: list[Record] = field(default_factory=list)
    vitals: list[dict[str, int]] = field(default_factory=list)
    now: float = 0.0


async def read(url: str) -> dict[str, list[Record]]:
    """The tables of a journal."""
    return {name: await table(url, name) for name in TABLES}


async def table(url: str, name: str, condition: str = "true") -> list[Record]:
    """A table of a journal, or some of it."""
    columns = TABLES[name].split(", ")
    if url.startswith("sqlite"):
        query = f"SELECT {TABLES[name]} FROM {name} WHERE {condition}"  # noqa: S608 - all of it is ours
        found = await asyncio.to_thread(_select, url.removeprefix("sqlite:///"), query)
    else:
        query = f"SELECT {TABLES[name]} FROM switchhook.{name} WHERE {condition}"  # noqa: S608
        found = await asyncio.to_thread(statements, url, query)
    records = [dict(zip(columns, each, strict=True)) for each in found]
    for each in records:
        for column in JSON:
            if column in each:
                each[column] = json.loads(each[column] or "{}")
    return records


async def unsound(url: str) -> list[str]:
    """What is wrong with a journal's file, as far as SQLite can tell."""
    if not url.startswith("sqlite"):
        return []
    found = await asyncio.to_thread(_select, url.removeprefix("sqlite:///"), "PRAGMA integrity_check")
    return [line for (line,) in found if line != "ok"]


def _select(path: str, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query).fetchall()


def lines(folder: Path) -> list[Record]:
    """What functions have written down, those of each call in order."""
    return [json.loads(line) for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]


class Case:
    """The evidence, put in order."""

    def __init__(self, evidence: Evidence) -> None:
        self.all = evidence
        self.calls = {each["call_sid"]: each for each in evidence.calls}
        self.rows: dict[str, list[Record]] = defaultdict(list)
        for row in sorted(evidence.rows, key=lambda each: (each["call_sid"], each["version"])):
            self.rows[row["call_sid"]].append(row)
        self.told = _by_call(evidence.told)
        self.callouts = _by_call(evidence.callouts)
        self.crashes: dict[str, list[float]] = defaultdict(list)
        for event in evidence.events:
            if event["event"] in ("child_crashed", "call_lost"):
                self.crashes[event.get("offender") or event["call_sid"]].append(event["logged"])
        self.heard_first: dict[tuple[str, str], float] = {}
        for heard in evidence.heard:
            key = heard.call_sid, heard.text
            self.heard_first[key] = min(heard.at, self.heard_first.get(key, heard.at))
        self.dead = {(each["call_sid"], each["version"], each["function"]) for each in evidence.letters}
        self.unheard = {
            (each["call_sid"], each["params"].get("RecordingSid"))
            for each in evidence.letters
            if each["event"] == "recording"
        }

    def journal_may_fail(self, begin: float, end: float) -> bool:
        """Whether the weather was such within a time.

        A daemon that has stood still for longer than it waits for a database finds, as it goes on, that what it had
        asked was not answered in time.
        """
        return any(
            each.begin - BEFORE <= end and begin <= self._heard_of(each) + AFTER
            for each in self.all.spells
            if each.kind in JOURNAL_FAILS or each.kind == "term"
        ) or any(
            each.end - BEFORE <= end and begin <= each.end + BEFORE for each in self.all.spells if each.kind == "stall"
        )

    def _heard_of(self, spell: Spell) -> float:
        """When the last daemon has heard of something: one that stands still does once it goes on."""
        return max(each.end for each in (spell, *self.all.spells) if each is spell or _stands_still(each, spell.end))

    def nobody_there(self, begin: float, end: float) -> float:
        """For how many seconds of a time some daemon was away, or stood still."""
        seconds, at = 0.0, begin
        for each in sorted(self.all.spells, key=lambda spell: spell.begin):
            if each.kind in AWAY and each.end > at and each.begin < end:
                seconds += min(each.end, end) - max(each.begin, at)
                at = min(each.end, end)
        return seconds

    def crashed(self, call_sid: str, begin: float, end: float) -> bool:
        """Whether a daemon has told that this call failed within a time."""
        times = sorted(self.crashes.get(call_sid, ()))
        at = bisect.bisect_left(times, begin - SLACK)
        return at < len(times) and times[at] <= end + SLACK

    def subscribed(self, call_sid: str) -> int | None:
        """The version from which on the functions of a call are subscribed; None if they never were."""
        return next(
            (
                row["version"]
                for row in self.rows[call_sid]
                if row["kind"] == "callout_done" or any(_before(step) == 0 for step, _ in TAKEN.findall(row["answer"]))
            ),
            None,
        )


def _stands_still(spell: Spell, at: float) -> bool:
    return spell.kind in STANDS_STILL and spell.begin <= at <= spell.end


def audit(evidence: Evidence) -> list[str]:
    """Everything that is wrong, a line each; nothing if all is well."""
    case = Case(evidence)
    return [f"{check.__name__.replace('_', ' ')}: {wrong}" for check in CHECKS for wrong in check(case)]


# --- the journal by itself -----------------------------------------------------------------------


def the_file_is_sound(case: Case) -> Iterator[str]:
    yield from case.all.unsound


def versions_have_no_gaps(case: Case) -> Iterator[str]:
    for call_sid, call in case.calls.items():
        versions = [row["version"] for row in case.rows[call_sid]]
        if versions != list(range(1, call["version"] + 1)):
            yield f"{call_sid} is at {call['version']}, and has the rows {versions}"


def a_webhook_is_one_row(case: Case) -> Iterator[str]:
    """One token, one row. Without a token: one row unless another came between."""
    for call_sid, rows in case.rows.items():
        tokens = Counter(row["same"] for row in rows if row["same"].startswith("t"))
        yield from (f"{call_sid} has {count} rows of {token}" for token, count in tokens.items() if count > 1)
        contents = [row for row in rows if row["same"].startswith("c")]
        for one, other in itertools.pairwise(contents):
            if one["same"] == other["same"] and other["version"] - one["version"] < 20:
                yield f"{call_sid} has the rows {one['version']} and {other['version']} of one webhook without a token"


def a_call_ends_once(case: Case) -> Iterator[str]:
    for call_sid, call in case.calls.items():
        ends = [row["version"] for row in case.rows[call_sid] if _ends(row)]
        if call["status"] == "in-progress":
            yield f"{call_sid} is open"
        if len(ends) != 1:
            yield f"{call_sid} ends {len(ends)} times: {ends}"
        elif moved := [row["version"] for row in case.rows[call_sid] if row["version"] > ends[0] and row["moved"]]:
            yield f"{call_sid} ends at {ends[0]}, and goes on at {moved}"


def no_letter_is_left(case: Case) -> Iterator[str]:
    for each in case.all.letters:
        what = f"{each['call_sid']} {each['version']}.{each['number']} to {each['function']}"
        if each["due"] is not None:
            yield f"{what}, due at {each['due']}"
        elif each["tries"] < TRIES or "each time" not in each["reason"]:
            yield f"{what} is dead after {each['tries']} tries: {each['reason']}"


def no_claim_is_left(case: Case) -> Iterator[str]:
    for each in case.all.claims:
        if each["until"] > case.all.now:
            yield f"{each['call_sid']} is claimed by {each['claimant']} for {each['until'] - case.all.now:.1f} s"


def a_call_keeps_its_edition(case: Case) -> Iterator[str]:
    for call_sid, rows in case.rows.items():
        editions = {found for row in rows for found in GENERATION.findall(row["answer"])}
        if len(editions) > 1:
            yield f"{call_sid} speaks from the editions {sorted(editions)}"


# --- what was heard ------------------------------------------------------------------------------


def a_daemon_answers_with_a_document(case: Case) -> Iterator[str]:
    for heard in case.all.heard:
        if heard.status != 200:
            yield f"{_name(heard)} was answered {heard.status}: {heard.text[:200]!r}"
            continue
        try:
            root = etree.fromstring(heard.text.encode())
        except etree.XMLSyntaxError as problem:
            yield f"{_name(heard)} was answered what is no XML: {problem}"
        else:
            if root.tag != "Response":
                yield f"{_name(heard)} was answered <{root.tag}>"
    given_up = {each.call_sid for each in case.all.unanswered}
    yield from (wrong for call_sid, wrong in case.all.faults if call_sid not in given_up)


def a_webhook_is_answered_if_somebody_is_there(case: Case) -> Iterator[str]:
    """Twilio gives one up when daemon after daemon ends or stands still under it, and then alone."""
    for each in case.all.unanswered:
        away = case.nobody_there(each.sent, each.at)
        if away < MOSTLY * (each.at - each.sent):
            what = f"for {each.at - each.sent:.1f} s, of which for {away:.1f} s a daemon was away"
            yield f"{each.call_sid} {each.target} was not answered {what}"


def an_answer_is_a_step(case: Case) -> Iterator[str]:
    for heard in case.all.heard:
        if _row_of(case, heard) is None and (wrong := _wrong_with(case, heard)):
            yield f"{_name(heard)} was answered {heard.text[55:200]!r}, which {wrong}"


def an_answer_is_in_time(case: Case) -> Iterator[str]:
    for heard in case.all.heard:
        took = heard.at - heard.sent
        if took > IN_TIME and not any(each.begin <= heard.at and heard.sent <= each.end for each in case.all.spells):
            yield f"{_name(heard)} was answered after {took:.1f} s"


def a_token_has_one_answer(case: Case) -> Iterator[str]:
    """But for those that are no steps: see `an_answer_is_a_step`, which looks whether they may be."""
    answers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for heard in case.all.heard:
        if heard.token and not (heard.text in (APOLOGY, NOTHING) and _row_of(case, heard) is None):
            answers[heard.call_sid, heard.token].add(heard.text)
    for (call_sid, token), texts in answers.items():
        if len(texts) > 1:
            yield f"{call_sid} {token} was answered {len(texts)} different things: {sorted(texts)}"


def a_journal_fails_in_bad_weather_alone(case: Case) -> Iterator[str]:
    stopped: set[int] = set()
    """Daemons of which an actor has failed over a message of its own."""
    for event in case.all.events:
        if event["event"] == "child_crashed":
            what = f"{event['offender']}, daemon {event['node']}: {event['reason']}"
            if not JOURNALS.match(event["reason"]):
                yield what
            elif event["reason"].startswith("ActorDeadError") and event["node"] in stopped:
                pass  # nobody was waiting when it failed, so it is told now
            elif not case.journal_may_fail(event["logged"], event["logged"]):
                yield f"{what}, with nothing wrong"
        elif event["event"].startswith("Unhandled exception in PhoneCall"):
            stopped.add(event["node"])
            if not case.journal_may_fail(event["logged"], event["logged"]):
                yield f"daemon {event['node']}: {event['event']}: {event.get('exception', '')[-300:]}"
        elif event["event"] in NEVER:
            yield f"{event['event']}: {event}"
    yield from (f"beside the log: {each}" for each in case.all.strays)


def _wrong_with(case: Case, heard: Heard) -> str:
    """What is wrong with an answer that is no step; "" if nothing is."""
    wants_document = _wants_document(heard)
    if heard.text != (APOLOGY if wants_document else NOTHING):
        return "is no row of the journal"
    if case.crashed(heard.call_sid, heard.sent, heard.at) and case.journal_may_fail(heard.sent, heard.at):
        return ""
    rows = case.rows.get(heard.call_sid)
    if not wants_document and (not rows or heard.sent <= _known_from(case, rows[0])):
        return ""
    return "is no row of the journal, and the journal did not fail"


def _known_from(case: Case, first: Record) -> float:
    """When the beginning of a call was answered: until then it need not be known."""
    return case.heard_first.get((first["call_sid"], first["answer"]), case.all.now)


def _row_of(case: Case, heard: Heard) -> Record | None:
    """The step that was answered so."""
    path, _, query = heard.target.partition("?")
    place = path.strip("/").partition("/")[2]
    step = int(query.removeprefix("step=")) if query.startswith("step=") else None
    for row in case.rows.get(heard.call_sid, ()):
        if row["answer"] != heard.text:
            continue
        if heard.token:
            if row["same"] == "t" + heard.token:
                return row
        elif (row["path"], row["step"], row["params"]) == (place, step, heard.params):
            return row
    return None


def _wants_document(heard: Heard) -> bool:
    path = heard.target.partition("?")[0].strip("/").partition("/")[2]
    return path not in ("status", "recording", "transcription") and heard.params.get("CallStatus") not in TERMINAL


# --- who was told --------------------------------------------------------------------------------


def everybody_is_told(case: Case) -> Iterator[str]:
    """At least once, or there is a dead letter of it."""
    for call_sid, rows in case.rows.items():
        since = case.subscribed(call_sid)
        told = {(each["event"], each["function"], each["at"]) for each in case.told[call_sid]}
        for row in rows if since is not None else ():
            if row["version"] < since:
                continue
            for event in _events(row):
                for function in SUBSCRIBED[event]:
                    if (call_sid, row["version"], function) in case.dead:
                        continue
                    if row["kind"] == "overdue":
                        is_told = any(each[:2] == (event, function) for each in told)
                    else:
                        is_told = (event, function, row["at"]) in told
                    if not is_told:
                        yield f"{call_sid}: {function} was not told of the {event} of step {row['version']}"


def a_recording_is_told_of_once(case: Case) -> Iterator[str]:
    for call_sid, call in case.calls.items():
        since = case.subscribed(call_sid)
        told: dict[str, set[float]] = defaultdict(set)
        for each in case.told[call_sid]:
            if each["event"] == "recording":
                told[each["recording"]].add(each["at"])
        for sid in call["snapshot"]["announced"]:
            came = [row["version"] for row in case.rows[call_sid] if row["params"].get("RecordingSid") == sid]
            if (
                since is not None
                and came
                and came[0] >= since
                and not told[sid]
                and (call_sid, sid) not in case.unheard
            ):
                yield f"{call_sid}: nobody was told of {sid}, which came with {came}"
        yield from (
            f"{call_sid}: {sid} was told of as {len(each)} things" for sid, each in told.items() if len(each) > 1
        )


def nobody_is_told_what_was_not_committed(case: Case) -> Iterator[str]:
    for call_sid, told in case.told.items():
        for each in told:
            if _version(case, each) is None:
                what = f"the {each['event']} of {each['at']}"
                yield f"{call_sid}: {each['function']} was told of {what}, which is no step"


def the_end_is_told_once(case: Case) -> Iterator[str]:
    for call_sid, told in case.told.items():
        ends = {each["at"] for each in told if each["event"] == "completion"}
        if len(ends) > 1:
            yield f"{call_sid}: {len(ends)} ends were told of"


def those_of_one_call_are_told_in_order(case: Case) -> Iterator[str]:
    for call_sid, told in case.told.items():
        versions = [version for each in told if (version := _version(case, each)) is not None]
        if versions != sorted(versions):
            yield f"{call_sid}: its steps were told of in the order {versions}"


def _events(row: Record) -> Iterator[str]:
    """What a row is to be told as, in order; but for recordings."""
    if row["params"].get("DialCallStatus"):
        yield "dial"
    if row["kind"] == "transcription_notification":
        yield "transcription"
    if row["kind"] in ("call_status", "call_complete"):
        yield "status"
    if _ends(row):
        yield "completion"


def _ends(row: Record) -> bool:
    """Whether a call ended with this row: by its last word, by the sweep, by a failure, or given up."""
    return bool(row["moved"]) and (
        row["kind"] in CALLBACKS
        or row["kind"] == "overdue"
        or (row["answer"] == APOLOGY and row["kind"] != "callout_done")
    )


def _version(case: Case, told: Record) -> int | None:
    """The step that a line tells of."""
    for row in case.rows[told["call_sid"]]:
        if row["at"] == told["at"] or (row["kind"] == "overdue" and 0 <= row["at"] - told["at"] < 30):
            version: int = row["version"]
            return version
    return None


# --- callouts ------------------------------------------------------------------------------------


def a_callout_is_not_run_after_its_outcome_was_committed(case: Case) -> Iterator[str]:
    for call_sid, rows in case.rows.items():
        committed = _committed(case, rows)
        for each in case.callouts[call_sid]:
            if each["edge"] == "begin" and each["at"] > (until := committed.get(_before(each["step_id"]), each["at"])):
                late = each["at"] - until
                yield f"{each['step_id']} {each['name']} was begun {late:.3f} s after its outcome was committed"


def a_callout_has_one_outcome(case: Case) -> Iterator[str]:
    """What the caller hears, what the call remembers, and what a function that came to its end has returned."""
    for call_sid, rows in case.rows.items():
        ended = {(each["step_id"], each["word"]) for each in case.callouts[call_sid] if each["edge"] == "end"}
        data = case.calls[call_sid]["snapshot"]["data"] if call_sid in case.calls else {}
        words: dict[str, set[str]] = defaultdict(set)
        for step_id, word in [pair for row in rows for pair in TAKEN.findall(row["answer"])] + list(data.items()):
            words[step_id].add(word)
            if (step_id, word) not in ended:
                yield f"{step_id}: nobody has returned {word}"
        yield from (f"{step_id} has the outcomes {sorted(each)}" for step_id, each in words.items() if len(each) > 1)


def a_callout_is_begun_again_for_a_reason(case: Case) -> Iterator[str]:
    """A daemon that died, a journal that failed: otherwise each is run once."""
    for call_sid, callouts in case.callouts.items():
        begun: dict[tuple[str, str], list[float]] = defaultdict(list)
        for each in callouts:
            if each["edge"] == "begin":
                begun[each["step_id"], each["name"]].append(each["at"])
        for (step_id, name), times in begun.items():
            for one, other in itertools.pairwise(times):
                if not _died(case, one, other) and not case.crashed(call_sid, one, other):
                    yield f"{step_id} {name} was begun again after {other - one:.3f} s"


def _before(step_id: str) -> int:
    """How many callouts were taken before this one."""
    return int(step_id.rpartition(":")[2])


def _committed(case: Case, rows: Sequence[Record]) -> dict[int, float]:
    """Until when, at the latest, the outcome of each callout was committed, by how many were before it."""
    committed: dict[int, float] = {}
    taken = 0
    for row in rows:
        found = [step for step, _ in TAKEN.findall(row["answer"])]
        if row["kind"] == "callout_done":
            committed.setdefault(taken, row["at"])
            taken += 1
        at = case.heard_first.get((row["call_sid"], row["answer"]))
        for step in found:
            taken = max(taken, _before(step) + 1)
            if at is not None:
                committed.setdefault(_before(step), at)
    return committed


def _died(case: Case, begin: float, end: float) -> bool:
    """Whether a daemon was ended within a time, or stood still for so long that it might have been."""
    return any(
        each.begin - SLACK <= end and begin <= each.end + SLACK for each in case.all.spells if each.kind in FATAL
    )


# --- the daemons ---------------------------------------------------------------------------------


def a_drain_ends_well(case: Case) -> Iterator[str]:
    for node, code, seconds in case.all.stops:
        if code != 0:
            yield f"daemon {node} ended with {code} after {seconds:.1f} s"


def nobody_is_on_the_line(case: Case) -> Iterator[str]:
    for status in case.all.statuses:
        if (count := status["calls"]["in_progress"]) or status["in_progress"]:
            yield f"{status['node']} has {count} calls in progress: {status['in_progress'][:3]}"
        if (dead := len(case.all.letters)) != status["dead_letters"]:
            yield f"{status['node']} knows of {status['dead_letters']} dead letters, and there are {dead}"


def a_daemon_takes_no_more_than_its_share(case: Case) -> Iterator[str]:
    most = {"megabytes": MEGABYTES, "threads": THREADS, "descriptors": DESCRIPTORS}
    for node, vitals in enumerate(case.all.vitals):
        yield from (f"daemon {node} has {vitals[name]} {name}" for name in most if vitals[name] > most[name])


CHECKS: tuple[Callable[[Case], Iterator[str]], ...] = (
    the_file_is_sound,
    versions_have_no_gaps,
    a_webhook_is_one_row,
    a_call_ends_once,
    no_letter_is_left,
    no_claim_is_left,
    a_call_keeps_its_edition,
    a_daemon_answers_with_a_document,
    a_webhook_is_answered_if_somebody_is_there,
    an_answer_is_a_step,
    an_answer_is_in_time,
    a_token_has_one_answer,
    a_journal_fails_in_bad_weather_alone,
    everybody_is_told,
    a_recording_is_told_of_once,
    nobody_is_told_what_was_not_committed,
    the_end_is_told_once,
    those_of_one_call_are_told_in_order,
    a_callout_is_not_run_after_its_outcome_was_committed,
    a_callout_has_one_outcome,
    a_callout_is_begun_again_for_a_reason,
    a_drain_ends_well,
    nobody_is_on_the_line,
    a_daemon_takes_no_more_than_its_share,
)


def _by_call(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for each in records:
        found[each["call_sid"]].append(each)
    return found


def _name(heard: Heard) -> str:
    return f"{heard.call_sid} {heard.target} {heard.params.get('CallStatus', '')} {heard.token or 'without a token'}"
