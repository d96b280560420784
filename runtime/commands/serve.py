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
@click.option("--host", help="Address for Twilio's webhooks.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port for Twilio's webhooks.  [default: 8080]")
@click.option("--admin-port", type=int, help="Port of the status endpoint, on loopback.  [default: 8081]")
@recipes_option
@click.option(
    "--journal", help="Where calls are kept; memory: until the process ends.  [default: sqlite:///switchhook.db]"
)
@click.option("--public-url", metavar="URL", help="The URL that Twilio knows this daemon by.")
@click.option("--unsigned", is_flag=True, default=None, help="Take webhooks without a signature; on loopback alone.")
@config_option
@click.pass_context
def serve(ctx: click.Context, /, config: str | None, **flags: Any) -> None:
    """Answer Twilio's webhooks until SIGTERM or Ctrl-C, then drain.

    Every recipe is validated and compiled before a port is opened. The account's auth token is
    read from TWILIO_AUTH_TOKEN; flags go before the environment (SWITCHHOOK_…), that before the
    settings file. Sockets that systemd hands over go before all of them.
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
