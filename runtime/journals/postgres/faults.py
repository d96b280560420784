"""What can be wrong with the server, as sentences.

There are three kinds. A step may be at fault itself (`AtFault`): it alone is refused. Two daemons
may have held each other up (`Crossed`): nothing was written, and it may be tried again. All else
is the server's condition (`Unusable`), and nobody can do anything until that changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from actors import JournalError

_SENTENCES = {
    "08": "the connection broke before the server had answered",
    "25006": "the server takes no writes; name the primary, not a standby",
    "28": "the server refuses this user or password; look at the URL, and at the server's pg_hba.conf",
    "3D000": "there is no such database; make it with createdb",
    "42501": "this user may not do that; it needs a schema switchhook of its own, or may create it in the database",
    "42P01": "the tables are gone; start anew to have them made",
    "53100": "the server's disk is full",
    "53300": "the server takes no more connections; see its max_connections",
    "57014": "the server was not done in time; something holds up what it works on",
    "57P01": "the server was stopped",
    "57P02": "the server was stopped",
    "57P03": "the server is starting, or stopping",
}
"""By SQLSTATE, or by the class that its first two characters are."""
_BROKEN = ("08", "57P01", "57P02")
"""After which nobody knows whether what was asked for was done."""
_AT_FAULT = ("21", "22", "23", "54")
_CROSSED = ("40",)


class Unusable(JournalError):
    """The server can't be used at present. If the connection is `broken`, what was asked for may have been done."""

    broken = False


class AtFault(JournalError):
    """Something that can't be kept, whatever the server's condition."""


class Crossed(JournalError):
    """Two who waited for each other: nothing of this was done."""


@contextmanager
def told(name: str) -> Iterator[None]:
    """What is found to be wrong with the server of that name becomes a `JournalError` with a sentence."""
    try:
        yield
    except asyncpg.PostgresError as problem:
        raise _fault(name, problem) from problem
    except TimeoutError as problem:
        raise _broken(f"{name}: the server doesn't answer in time") from problem
    except (OSError, EOFError) as problem:
        raise Unusable(f"{name}: the server can't be reached ({_line(problem)})") from problem
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as problem:
        raise _broken(f"{name}: the connection broke ({_line(problem)})") from problem
    except ValueError as problem:
        raise AtFault(f"{name}: it can't hold that ({_line(problem)})") from problem


def _fault(name: str, problem: asyncpg.PostgresError) -> JournalError:
    code = getattr(problem, "sqlstate", None) or "22"  # the client's own, about a value
    if code.startswith(_AT_FAULT):
        return AtFault(f"{name}: it can't hold that ({_line(problem)})")
    if code.startswith(_CROSSED):
        return Crossed(f"{name}: two steps have held each other up ({_line(problem)})")
    sentence = _SENTENCES.get(code) or _SENTENCES.get(code[:2]) or "it can't be used"
    says = f"{name}: {sentence} ({_line(problem)})"
    return _broken(says) if code.startswith(_BROKEN) else Unusable(says)


def _broken(says: str) -> Unusable:
    problem = Unusable(says)
    problem.broken = True
    return problem


def _line(problem: Exception) -> str:
    """What is said in one line: details may be a caller's own words."""
    return str(problem.args[-1] if problem.args else problem).partition("\n")[0] or type(problem).__name__
