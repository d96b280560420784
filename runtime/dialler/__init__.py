"""Calls everybody in a file, each once, also if it is killed in between.

`rows` reads who is to be called, `entry` and `ledger` write down what was done about it, `standing` says what is known
of a number and what comes next, `dialler` calls, `follower` waits for the calls' ends. `dialler` says what is promised.
"""

from runtime.dialler.dialler import Dialler
from runtime.dialler.display import Display, display_on
from runtime.dialler.entry import Entry, What, in_a_line
from runtime.dialler.follower import Follower
from runtime.dialler.ledger import SUFFIX, Ledger, LedgerError, WrongLedger
from runtime.dialler.pace import Pace
from runtime.dialler.rows import Row, Rows, RowsError, read, unfit
from runtime.dialler.standing import Book, Standing, Step
from runtime.dialler.stopping import unless_stopped
from runtime.dialler.tally import Tally, by_status

__all__ = [
    "SUFFIX",
    "Book",
    "Dialler",
    "Display",
    "Entry",
    "Follower",
    "Ledger",
    "LedgerError",
    "Pace",
    "Row",
    "Rows",
    "RowsError",
    "Standing",
    "Step",
    "Tally",
    "What",
    "WrongLedger",
    "by_status",
    "display_on",
    "in_a_line",
    "read",
    "unfit",
    "unless_stopped",
]
