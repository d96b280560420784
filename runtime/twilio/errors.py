"""What asking Twilio can come to. None of these ever holds a token, a secret, or a header.

Two families: what was asked is wrong (`InvalidRequest`, `InvalidToken`: nothing was sent), and what came of it
(`TwilioError`: refused, unreachable, or, the hard one, unknown).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.errors import SwitchhookError


class InvalidRequest(SwitchhookError):
    """A request that Twilio would refuse, or misunderstand; it wasn't sent."""

    exit_code = 2


class InvalidToken(SwitchhookError):
    """A token that Twilio would refuse; it wasn't made."""

    exit_code = 2


class TwilioError(SwitchhookError):
    """Twilio refused.

    Attributes:
        status: the HTTP status; 0 if there was no answer.
        code: Twilio's own, as 21211; None if it gave none.
        message: what is wrong, in Twilio's words.
        more_info: a page about it; empty if Twilio gave none.
        details: what else Twilio said of it.
    """

    def __init__(
        self, message: str, *, status: int = 0, code: int | None = None, more_info: str = "", details: Any = None
    ) -> None:
        number = f"{code}: " if code is not None else ""
        super().__init__(f"{number}{message}" + (f" ({more_info})" if more_info else ""))
        self.status = status
        self.code = code
        self.message = message
        self.more_info = more_info
        self.details = details

    @classmethod
    def of(cls, status: int, body: Any, what: str) -> TwilioError:
        """The error that an answer tells of, in either of the shapes that Twilio has for it.

        >>> TwilioError.of(400, {"code": 21211, "message": "Invalid 'To'", "status": 400}, "POST /Calls.json")
        TwilioError("21211: Invalid 'To'")
        >>> problem = {"type": "https://…", "title": "Invalid", "detail": "PageSize", "code": 20001}
        >>> TwilioError.of(400, problem, "GET /Calls.json").message
        'Invalid: PageSize'

        Args:
            status: the answer's.
            body: its JSON; anything, if it is none of Twilio's.
            what: the request, for an answer that says nothing.
        """
        told: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        code = told.get("code")
        code = code if isinstance(code, int) else None
        if "title" in told:
            message = ": ".join(str(part) for part in (told["title"], told.get("detail")) if part)
            faults = [f"{each.get('pointer', '?')} {each.get('detail', '')}".strip() for each in _mappings(told)]
            message += f" [{'; '.join(faults)}]" if faults else ""
            return cls(message, status=status, code=code, more_info=_text(told.get("type")), details=told.get("errors"))
        message = _text(told.get("message")) or f"{what} was answered with {status}"
        more_info = _text(told.get("more_info"))
        return cls(message, status=status, code=code, more_info=more_info, details=told.get("details"))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class Unreachable(TwilioError):
    """No answer could be had, and nothing was changed: the request wasn't sent, or only asked."""


class Ambiguous(TwilioError):
    """Nobody knows whether a request was carried out: it was sent, and no answer came.

    It wasn't repeated, which might have called or texted somebody twice. For a call or a message Twilio's lists
    were searched, and neither one nor none could be made out.

    Attributes:
        what: the request, as `POST …/Calls.json`.
        candidates: the SIDs of those in the list that might be it; none if it may yet appear.
        since: seconds since the epoch, by Twilio's clock, at which it was sent at the earliest; 0 if not known.
    """

    exit_code = 3

    def __init__(
        self, message: str, *, what: str, status: int = 0, candidates: Sequence[str] = (), since: float = 0
    ) -> None:
        super().__init__(message, status=status)
        self.what = what
        self.candidates = tuple(candidates)
        self.since = since


class NoRecording(TwilioError):
    """A recording that can't be had: it is not there yet, or never will be."""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mappings(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    errors = told.get("errors")
    return [each for each in errors if isinstance(each, Mapping)] if isinstance(errors, list) else []
