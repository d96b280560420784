"""`switchhook redirect`: a running call goes on elsewhere in its flow."""

from __future__ import annotations

import aiohttp
import click
from yarl import URL

from runtime import settings
from runtime.commands.options import config_option, run
from runtime.errors import SwitchhookError


class Unsure(SwitchhookError):
    """Nobody knows whether the call was moved."""

    exit_code = 3


@click.command()
@click.argument("call_sid", metavar="CALL_SID")
@click.argument("state")
@click.option("--url", help="The status endpoint.  [default: the one the settings name]")
@config_option
def redirect(call_sid: str, state: str, url: str | None, config: str | None) -> None:
    """Have a running call go on at STATE, by its rank or its label, whatever its caller is at.

    The daemon is told at its status endpoint; it tells Twilio, which asks for the state at once. `switchhook draw
    RECIPE` shows the ranks.

    Exits with 1 if the call was not moved, and with 3 if nobody knows.
    """
    chosen = settings.load({}, config)
    where = (url or f"http://{chosen.admin_host}:{chosen.admin_port}").rstrip("/")
    run(_redirect(where, chosen.status_token, call_sid, state))
    click.echo(f"{call_sid} goes on at {state}")


async def _redirect(where: str, token: str, call_sid: str, state: str) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    at = URL(where) / "calls" / call_sid / "redirect"
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=15)) as session,
            session.post(at, json={"state": state}) as response,
        ):
            if response.status != 200:
                kind = Unsure if response.status == 504 else SwitchhookError
                raise kind((await response.text()).strip() or f"{where} answered {response.status}")
    except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
        raise SwitchhookError(f"{where}: the daemon can't be asked: {problem or type(problem).__name__}") from problem
