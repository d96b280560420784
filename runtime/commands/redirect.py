"""`switchhook redirect`: a running call goes on elsewhere in its flow."""

from __future__ import annotations

from urllib.parse import quote

import aiohttp
import click
from yarl import URL

from runtime import settings
from runtime.commands.endpoint import Endpoint, in_words, status_endpoint, url_option
from runtime.commands.options import config_option, run
from runtime.errors import SwitchhookError

CONNECT, PATIENCE = 5.0, 15.0
"""Seconds that a connection is waited for, and an answer."""
UNSURE = frozenset({500, 502, 504})
"""Statuses that leave it open what was done. What the daemon refuses has others."""
UNASKED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.NonHttpUrlClientError,
    ValueError,
)
"""What goes wrong before anything is sent."""


class Unsure(SwitchhookError):
    """Nobody knows whether the call was moved."""

    exit_code = 3


@click.command()
@click.argument("call_sid", metavar="CALL_SID")
@click.argument("state")
@url_option
@config_option
def redirect(call_sid: str, state: str, url: str | None, config: str | None) -> None:
    """Have a running call go on at STATE, whatever its caller is at.

    STATE is a rank, as 1.2, or a label; `switchhook draw` shows the ranks of a recipe. The daemon is told at its status
    endpoint, and tells Twilio, which asks for the state at once.

    Exits with 1 if the call was not moved; with 2 if a setting is wrong; with 3 if nobody knows whether it was moved.
    """
    run(_redirect(status_endpoint(settings.load({}, config), url), call_sid, state))
    click.echo(f"{call_sid} goes on at {state}")


async def _redirect(at: Endpoint, call_sid: str, state: str) -> None:
    unsure = f"{call_sid}: nobody knows whether it goes on at {state}: {at.url}: "
    timeout = aiohttp.ClientTimeout(total=PATIENCE, connect=CONNECT)
    try:
        where = URL(f"{at.url}/calls/{quote(call_sid, safe='')}/redirect", encoded=True)
        async with (
            aiohttp.ClientSession(headers=at.headers, timeout=timeout) as session,
            session.post(where, json={"state": state}) as response,
        ):
            if response.status != 200:
                kind = Unsure if response.status in UNSURE else SwitchhookError
                words = (await response.text(errors="replace")).strip()
                raise kind(words or f"{at.url} answered {response.status}")
    except UNASKED as problem:
        raise SwitchhookError(f"{at.url}: the daemon can't be asked: {in_words(problem)}") from problem
    except TimeoutError as problem:
        raise Unsure(f"{unsure}no answer came within {PATIENCE:g} seconds") from problem
    except aiohttp.ClientError as problem:
        raise Unsure(f"{unsure}{' '.join(str(problem).split()) or type(problem).__name__}") from problem
