"""`switchhook serve`: the daemon."""

from __future__ import annotations

from typing import Any

import click

from runtime import catalogue, journals, logs, settings
from runtime.commands.options import config_option, recipes_option, run
from runtime.daemon import Daemon


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
    settings file.
    """
    chosen = settings.load(flags, config)
    logs.configure(chosen.log_level, chosen.log_format)
    recipes = catalogue.load(chosen.recipes, (), chosen.callout_modules)
    kept = journals.named(chosen.journal, chosen.journal_days)
    ctx.exit(run(Daemon(chosen, recipes, journal=kept).run()))
