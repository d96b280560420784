"""Who calls or texts, as `--from` takes it: a number in E.164, however it is written, or an address of another kind.

A call is looked for by the number that made it, so it is made, and written down, with the number as Twilio lists it.
"""

from __future__ import annotations

import re

import click

from runtime.twilio import as_listed

_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}")
_ADDRESS = re.compile(r"(client|sip|whatsapp):\S+")
_SENDER = re.compile(r"[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}")
"""A short code, or a name with at least one letter. (Twilio's documentation: "Message resource".)"""


def caller(written: str) -> str:
    """Who calls.

    >>> caller("+44 131 496 0100"), caller("client:jane")
    ('+441314960100', 'client:jane')
    """
    written = written.strip()
    who = as_listed(written)
    if _NUMBER.fullmatch(who) or _ADDRESS.fullmatch(who):
        return who
    raise click.BadParameter(f"{written!r} is not in E.164: a + and the country come first, as in +441314960100")


def sender(written: str) -> str:
    """Who texts, which a short code or a name can do, too.

    >>> sender("+44 131 496 0100"), sender("62442"), sender("Bookshop")
    ('+441314960100', '62442', 'Bookshop')
    """
    return written.strip() if _SENDER.fullmatch(written.strip()) else caller(written)
