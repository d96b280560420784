"""Calls everybody in a file, so many a second, and nobody twice.

Twilio has no key by which it would know a repeated request from another one, so what makes a call a call of ours is
written down here, in the ledger. For each number:

    1. `calling` is written, and synced to disk;
    2. Twilio is asked for the call;
    3. `called` with the call's SID is written, or `refused`, `barred`, `unmade` or `open`, and synced to disk.

A process that dies leaves numbers behind at one of these. What the next run makes of them:

| the ledger says | there may be a call | the next run |
|---|---|---|
| nothing, `barred` or `unmade` | no | calls |
| `calling`, `open` | yes | looks for it in Twilio's list, and calls only if it isn't there |
| `called`, `refused` | there is, there is none | does nothing |

**Whose clock it is.** "Since it was begun" is Twilio's time, on both sides: its list says when it made a call, and
`calling` has the `Date` of its latest answer and the seconds since. These are counted by a clock that nobody sets, so
that an NTP step between two calls puts no `calling` into a future in which its call would be looked for in vain. A
search begins `MARGIN` seconds earlier, since the server that answers need not be the one that makes the call.

**What is promised.** A number that the ledger has as `called` or `refused` is not called again, whatever happens to
process and machine. One that may have been called is not called again while Twilio lists a call to it that was made
since it was first begun, by Twilio's own clock. Of two runs on one machine one has a file at a time,
unless its ledger is moved away between a call's `calling` and its outcome. In the end everybody was called or refused,
for good or for now, or is told of as open; or the run was stopped, and tells how many are to go.

**What can't be.** A call that Twilio made of a request whose answer was lost, and that it doesn't list when the
next run has looked for it three times in ten seconds (`Patience.look_ups`), is made once more. Such numbers therefore
come last, which gives the list all the time there is. And a call that somebody else made from the same number to the
same number since then, or shortly before (`standing.MARGIN`), would be taken for ours. Two that may be ours are not
told apart: the number stays open, and isn't called.

What Twilio refuses for a number's own sake, by a code that says so, is written down, and the others go on: for good as
`refused`, and as `barred` if the account or the row can be mended, which the next run sees. Anything else may hinder
all of them, or come of something on the way to Twilio: it stops the run, and the number in hand counts as not begun.
So does one lost answer after the other, as many as there are requests at a time; those numbers are open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runtime.dialler.display import Display
from runtime.dialler.entry import Entry, What
from runtime.dialler.ledger import Ledger
from runtime.dialler.pace import Pace
from runtime.dialler.rows import Row
from runtime.dialler.standing import Step
from runtime.dialler.stopping import unless_stopped
from runtime.dialler.tally import Tally
from runtime.errors import SwitchhookError
from runtime.twilio import Ambiguous, TwilioClient, TwilioError, with_query

IN_HAND = 10
"""Requests at a time. At five calls a second, which Twilio begins for an account, each may take two seconds. A higher
rate is reached only as far as its answers are quicker."""
OF_A_NUMBER = (21202, 21211, 21214, 21217)
"""Codes that are about the number called: a premium one, invalid, out of reach.
(Twilio's documentation: "Error and Warning Dictionary".)"""
FOR_NOW = (21203, 21215, 21216, 21219, 573005)
"""Codes that are about the way to it, which the account's owner can open: not permitted there, or not verified."""
OF_A_URL = 21205
"""The code of a URL that is none. A row's own columns are in it."""
OUTCOMES: Mapping[int | None, What] = {
    **dict.fromkeys(OF_A_NUMBER, What.REFUSED),
    **dict.fromkeys(FOR_NOW, What.BARRED),
}
"""What a refusal comes to, by its code, whatever its status. Any other may hinder every call."""


def outcome_of(error: TwilioError, row: Row) -> What:
    """What becomes of a row that Twilio has refused.

    >>> outcome_of(TwilioError("Invalid 'To'", status=400, code=21211), Row(2, "+1311"))
    <What.REFUSED: 'refused'>
    >>> outcome_of(TwilioError("POST Calls.json was answered with 400", status=400), Row(2, "+441314960123"))
    <What.UNMADE: 'unmade'>
    """
    if row.query and error.code == OF_A_URL:
        return What.BARRED
    return OUTCOMES.get(error.code, What.UNMADE)


class Hindrance(SwitchhookError):
    """What hinders all calls, and at whom it was met. It exits as the problem does that it is."""

    def __init__(self, who: str, problem: SwitchhookError) -> None:
        super().__init__(*(f"{who}: {line}" for line in problem.lines))
        self.exit_code = problem.exit_code


class Outage(SwitchhookError):
    """Twilio answers nobody any more, so that of each call nobody knows."""

    exit_code = 3


class Dialler:
    """One run over a file.

    Args:
        twilio: the client, open.
        ledger: the file's, locked.
        talk: what every call is made with: `from_`, `url`, and what else `make_call` takes.
        pace: how fast.
        stopped: once it is done no call is begun; those in hand are finished.
        display: where the run is shown.

    Attributes:
        tally: how far it has come.
        open: a line for every number that was left open.
        problem: what hinders all calls, and has stopped the run; at which row.
    """

    def __init__(
        self,
        twilio: TwilioClient,
        ledger: Ledger,
        talk: Mapping[str, Any],
        *,
        pace: Pace,
        stopped: asyncio.Future[None],
        display: Display,
    ) -> None:
        self.tally = Tally()
        self.open: list[str] = []
        self.problem: Hindrance | None = None
        self._twilio = twilio
        self._ledger = ledger
        self._talk = talk
        self._pace = pace
        self._stopped = stopped
        self._display = display
        self._lost = 0
        """Answers that were lost, one after the other."""

    async def dial(self, rows: Iterable[Row], name: str = "") -> None:
        """Call everybody who is to be called, in the file's order, but for those who must be looked for: they are last.

        Args:
            rows: who.
            name: of the file, for lines about a row.
        """
        rows = list(rows)
        self.tally.begin(rows, self._ledger.book)
        self._display.show(self.tally)
        steps = {step: [row for row in rows if self._ledger.book.of(row.to).step is step] for step in Step}
        due = iter([*steps[Step.CALL], *steps[Step.LOOK_UP]])
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_HAND):
                group.create_task(self._work(due, name))

    async def _work(self, due: Iterator[Row], name: str) -> None:
        """Take one row after the other from what all workers share."""
        for row in due:
            who = f"{name}:{row.line}: {row.to}"
            try:
                going_on = await self._do(row, who)
            except SwitchhookError as problem:
                self.problem = self.problem or Hindrance(who, problem)
                going_on = False
                if not self._stopped.done():
                    self._stopped.set_result(None)
            if not going_on:
                return

    async def _do(self, row: Row, who: str) -> bool:
        """Whatever a row needs. Whether others may follow."""
        lost = self._ledger.book.of(row.to).step is Step.LOOK_UP
        if lost and await unless_stopped(self._look_up(row, who), self._stopped):
            return True
        if not await self._pace.turn(self._stopped):
            return False
        await self._call(row, who)
        return True

    async def _look_up(self, row: Row, who: str) -> bool:
        """Look for a call that may have been made. Whether the number is done with."""
        found: dict[str, str] = {}
        for from_, since in self._ledger.book.of(row.to).searches.items():
            for call in await self._twilio.find_calls(row.to, from_, since):
                found[call["sid"]] = from_
        if not found:
            return False
        if len(found) == 1:
            [(sid, from_)] = found.items()
            await self._write(What.CALLED, row, from_=from_, sid=sid, detail="found in Twilio's list")
        else:
            await self._leave_open(row, who, f"any of these calls may be it: {', '.join(found)}")
        return True

    async def _call(self, row: Row, who: str) -> None:
        """Call a number that is to be called."""
        from_ = self._talk["from_"]
        await self._write(What.CALLING, row, from_=from_)
        try:
            made = await self._twilio.make_call(row.to, **with_query(self._talk, row.query))
        except Ambiguous as unknown:
            await self._leave_open(row, who, str(unknown))
            self._lost += 1
            if self._lost >= IN_HAND:
                raise Outage(f"answers were lost {self._lost} times in a row: {unknown}") from unknown
            return
        except TwilioError as refusal:
            outcome = outcome_of(refusal, row)
            await self._write(outcome, row, from_=from_, detail=str(refusal))
            if outcome is What.UNMADE:
                raise
            self._display.tell(f"{who}: {refusal}" + ("; the next run tries again" if outcome is What.BARRED else ""))
        except SwitchhookError as problem:
            await self._write(What.UNMADE, row, from_=from_, detail=str(problem))
            raise
        else:
            await self._write(What.CALLED, row, from_=from_, sid=made["sid"], detail=str(made.get("status", "")))
        self._lost = 0

    async def _leave_open(self, row: Row, who: str, why: str) -> None:
        await self._write(What.OPEN, row, from_=self._talk["from_"], detail=why)
        self.open.append(f"{who}: {why}")

    async def _write(self, what: What, row: Row, *, from_: str, sid: str = "", detail: str = "") -> None:
        """Write an entry down, and show what it changes."""
        await self._ledger.write(Entry(self._twilio.now(), what, row.to, from_, sid, detail))
        self.tally.note(what)
        if what is not What.CALLING:
            self._display.show(self.tally)
