"""`switchhook token`: a token for a browser or an app, on standard output and alone there, so that it can be piped."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial

import click

from runtime import settings
from runtime.accounts import account_of, api_key_of, auth_token_of
from runtime.commands.options import config_option, named_values
from runtime.twilio import (
    VoiceGrant,
    access_token,
    capability_token,
    client_incoming,
    client_outgoing,
    event_stream,
)

expires_option = click.option(
    "--expires-after",
    type=int,
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="How long it is good: a day at most.",
)
param_option = click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="With --outgoing, what Twilio passes on to APP."
)

no_warning = partial(warnings.catch_warnings, action="ignore")
"""How long a secret is, is Twilio's affair: whoever has a short one can't lengthen it."""


@click.group()
def token() -> None:
    """Make a token that lets a browser or an app take and make calls."""


@token.command()
@click.argument("identity")
@click.option("--incoming", is_flag=True, help="Take calls to IDENTITY.")
@click.option("--outgoing", metavar="APP", help="Make calls to this TwiML application: AP….")
@param_option
@click.option("--push-credential", metavar="SID", help="Wake an app by push when a call comes in: CR….")
@click.option("--endpoint-id", metavar="ID", help="Tell the devices of one identity apart.")
@click.option("--region", metavar="REGION", help="Where the API key was made, as ie1.  [default: by the settings]")
@expires_option
@config_option
def access(  # noqa: PLR0913 - click gives every option
    *,
    identity: str,
    incoming: bool,
    outgoing: str | None,
    params: Sequence[str],
    push_credential: str | None,
    endpoint_id: str | None,
    region: str | None,
    expires_after: int,
    config: str | None,
) -> None:
    """Print an access token for IDENTITY, for today's Voice SDKs.

    It is signed with the API key of TWILIO_API_KEY and TWILIO_API_SECRET, for the account of TWILIO_ACCOUNT_SID.
    """
    if params and outgoing is None:
        raise click.UsageError("--param goes with --outgoing.")
    if not incoming and outgoing is None:
        raise click.UsageError("Grant something: --incoming or --outgoing.")
    chosen = settings.load({"region": region}, config)
    grant = VoiceGrant(incoming, outgoing, named_values(params), push_credential, endpoint_id)
    with no_warning():
        made = access_token(
            account_of(chosen),
            *api_key_of(chosen),
            identity,
            voice=grant,
            expires_after=expires_after,
            region=chosen.region or None,
        )
    click.echo(made)


@token.command()
@click.option("--incoming", metavar="NAME", help="Take calls to this client.")
@click.option("--outgoing", metavar="APP", help="Make calls to this TwiML application: AP….")
@param_option
@click.option("--events", is_flag=True, help="Follow the account's events.")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="With --events, those that this fits.")
@expires_option
@config_option
def client(
    *,
    incoming: str | None,
    outgoing: str | None,
    params: Sequence[str],
    events: bool,
    filters: Sequence[str],
    expires_after: int,
    config: str | None,
) -> None:
    """Print a capability token, for the old twilio-client.js 1.x.

    It is signed with TWILIO_AUTH_TOKEN, for the account of TWILIO_ACCOUNT_SID.
    """
    if params and outgoing is None:
        raise click.UsageError("--param goes with --outgoing.")
    if filters and not events:
        raise click.UsageError("--filter goes with --events.")
    capabilities = []
    if outgoing is not None:
        capabilities.append(client_outgoing(outgoing, named_values(params)))
    if incoming is not None:
        capabilities.append(client_incoming(incoming))
    if events:
        capabilities.append(event_stream(named_values(filters, "--filter")))
    if not capabilities:
        raise click.UsageError("Grant something: --incoming, --outgoing or --events.")
    chosen = settings.load({}, config)
    with no_warning():
        made = capability_token(account_of(chosen), auth_token_of(chosen), capabilities, expires_after)
    click.echo(made)
