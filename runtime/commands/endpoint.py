"""The status endpoint of a running daemon, for the commands that ask it."""

from __future__ import annotations

from typing import NamedTuple

import aiohttp
import click

from runtime.errors import SettingsError
from runtime.settings import Settings

url_option = click.option("--url", metavar="URL", help="The daemon's status endpoint.  [default: by the settings]")


class Endpoint(NamedTuple):
    """Where it is, and what is to be shown there."""

    url: str
    headers: dict[str, str]


def status_endpoint(chosen: Settings, url: str | None) -> Endpoint:
    """The endpoint at `url`, or else where the settings have it. Raises `SettingsError` for a `url` that is none.

    >>> status_endpoint(Settings(admin_host="::1", status_token="open sesame"), None)
    Endpoint(url='http://[::1]:8081', headers={'Authorization': 'Bearer open sesame'})
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise SettingsError(f"--url is {url!r}: give it with its http://, like http://127.0.0.1:8081")
    host = f"[{chosen.admin_host}]" if ":" in chosen.admin_host else chosen.admin_host
    token = {"Authorization": f"Bearer {chosen.status_token}"} if chosen.status_token else {}
    return Endpoint((url or f"http://{host}:{chosen.admin_port}").rstrip("/"), token)


def in_words(problem: Exception) -> str:
    """Why there is no answer from there."""
    if isinstance(problem, aiohttp.ClientConnectorError):
        return f"can't connect: {problem.strerror}; is the daemon running?"
    return str(problem)
