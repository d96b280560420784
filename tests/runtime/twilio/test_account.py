"""The client that the settings make: Twilio's own variables name the account, the key, the region and the edge."""

from __future__ import annotations

import os

import pytest

from runtime import settings
from runtime.errors import SettingsError
from runtime.settings import Settings
from runtime.twilio import client_of
from tests.runtime.twilio.conftest import ACCOUNT, KEY, SECRET, TOKEN, Reply


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("SWITCHHOOK_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_twilios_own_variables(monkeypatch):
    for name in ("ACCOUNT_SID", "AUTH_TOKEN", "API_KEY", "API_SECRET", "REGION", "EDGE"):
        monkeypatch.setenv(f"TWILIO_{name}", name.lower())

    found = settings.load()

    assert (found.account_sid, found.auth_token) == ("account_sid", "auth_token")
    assert (found.api_key, found.api_secret) == ("api_key", "api_secret")
    assert (found.region, found.edge) == ("region", "edge")


@pytest.mark.parametrize(
    ("more", "credentials"),
    [({}, f"{ACCOUNT}:{TOKEN}"), ({"api_key": KEY, "api_secret": SECRET}, f"{KEY}:{SECRET}")],
)
async def test_an_api_key_goes_before_the_auth_token(rest, more, credentials):
    rest.will(Reply({"sid": "CA1"}))
    chosen = Settings(account_sid=ACCOUNT, auth_token=TOKEN, api_url=rest.url + "/", **more)

    async with client_of(chosen) as twilio:
        await twilio.fetch_call("CA1")

    assert rest.last.credentials == credentials


def test_region_and_edge():
    chosen = Settings(account_sid=ACCOUNT, auth_token=TOKEN, region="ie1", edge="dublin")

    assert repr(client_of(chosen)) == f"TwilioClient('{ACCOUNT}', 'https://api.dublin.ie1.twilio.com')"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"auth_token": TOKEN}, "no account_sid: set TWILIO_ACCOUNT_SID"),
        ({"account_sid": ACCOUNT}, "no auth_token: set TWILIO_AUTH_TOKEN"),
        ({"account_sid": ACCOUNT, "auth_token": TOKEN, "api_key": KEY}, "no api_key with its api_secret: set"),
        ({"account_sid": ACCOUNT, "auth_token": TOKEN, "api_secret": SECRET}, "no api_key with its api_secret: set"),
    ],
)
def test_what_is_missing(given, line):
    with pytest.raises(SettingsError) as caught:
        client_of(Settings(**given))
    assert str(caught.value).startswith(line)
    assert SECRET not in str(caught.value)
