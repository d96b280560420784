"""`switchhook serve`: the daemon."""

from __future__ import annotations

import os
import threading
from typing import Any

import click
import structlog

from runtime import catalogue, journals, logs, settings, systemd
from runtime.commands.options import config_option, recipes_option, run
from runtime.daemon import LEAVING, Daemon

log = structlog.get_logger("switchhook.daemon")


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address for Twilio's webhooks.  [default: 127.0.0.1]")
@click.option("--port", type=int, metavar="PORT", help="Port for Twilio's webhooks.  [default: 8080]")
@click.option("--admin-port", type=int, metavar="PORT", help="Port of the status endpoint.  [default: 8081]")
@recipes_option
@click.option(
    "--journal",
    metavar="URL",
    help="Where calls are kept; memory: for as long as the process lives.  [default: sqlite:///switchhook.db]",
)
@click.option("--public-url", metavar="URL", help="The URL that Twilio knows this daemon by.")
@click.option("--unsigned", is_flag=True, default=None, help="Take webhooks that nobody has signed; on loopback alone.")
@config_option
@click.pass_context
def serve(ctx: click.Context, /, config: str | None, **flags: Any) -> None:
    """Answer Twilio's webhooks until SIGTERM or Ctrl-C, then drain.

    Every recipe is validated and compiled before a port is opened. Webhooks are signed with the account's auth token,
    which is read from TWILIO_AUTH_TOKEN.

    A setting is taken from these options, else from the environment, where --public-url is SWITCHHOOK_PUBLIC_URL, else
    from the file of settings, which has many more. Sockets that systemd hands over go before all of them.

    Exits with 0 once it has drained; with 1 if a second signal cut that short; with 2 if a setting or a recipe is
    wrong.
    """
    sockets = systemd.handed_over()
    chosen = settings.load({**flags, **systemd.addresses(sockets)}, config)
    logs.configure(chosen.log_level, chosen.log_format)
    recipes = catalogue.load(chosen.recipes, (), chosen.callout_modules)
    kept = journals.named(chosen.journal, chosen.journal_days)
    ctx.exit(run(_to_the_end(Daemon(chosen, recipes, journal=kept, sockets=sockets))))


async def _to_the_end(daemon: Daemon) -> int:
    """Run a daemon. What a recipe has left behind then, and won't end, does not keep the process."""
    code = await daemon.run()
    leaving = threading.Timer(LEAVING, _leave, [code])
    leaving.daemon = True
    leaving.start()
    return code


def _leave(code: int) -> None:
    log.warning("left_behind", threads=[each.name for each in threading.enumerate() if not each.daemon])
    os._exit(code)
