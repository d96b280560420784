"""What the language raises and warns of: *your flow is wrong*, one class for each way of finding out."""

from __future__ import annotations

from collections.abc import Sequence


class TwimlError(ValueError):
    """Anything wrong with a flow. The message says what, where (the rank), and what to do."""


class InvalidFlow(TwimlError):
    """A flow that `validate` refuses. `errors` holds every sentence it had to say."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = list(errors)


class DecodeError(InvalidFlow):
    """XML that isn't TwiML. Each of `errors` begins with the line and the column."""


class DocumentTooLong(TwimlError):
    """One verb alone exceeds the 64 kB Twilio reads of a document (error 11750)."""


class NoSuchState(TwimlError):
    """A rank or a label that a program doesn't have."""


class UnknownAttribute(UserWarning):
    """An attribute that the language doesn't know is passed on to Twilio as it is."""


class UnknownElement(UserWarning):
    """An element that the language doesn't know was left out, as Twilio leaves it out."""
