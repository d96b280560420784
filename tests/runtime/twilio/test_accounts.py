"""The client that the settings make: Twilio's own variables name the account, the key, the region and the edge."""

from __future__ import annotations

import pytest

from runtime import settings
from runtime.accounts import client_of
from runtime.errors import SettingsError
from runtime.settings import Settings
from runtime.twilio import InvalidRequest
from tests.runtime.twilio.conftest import ACCOUNT, KEY, SECRET, TOKEN, Reply

pytestmark = pytest.mark.usefixtures("_nothing_is_set")


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


@pytest.mark.parametrize(
    ("region", "edge", "host"),
    [
        ("ie1", "dublin", "api.dublin.ie1.twilio.com"),
        ("ie1", "frankfurt", "api.frankfurt.ie1.twilio.com"),
        ("ie1", "", "api.dublin.ie1.twilio.com"),
        ("au1", "", "api.sydney.au1.twilio.com"),
        ("us1", "", "api.us1.twilio.com"),
        ("jp1", "tokyo", "api.tokyo.jp1.twilio.com"),
        ("", "dublin", "api.dublin.us1.twilio.com"),
        ("", "", "api.twilio.com"),
    ],
)
def test_region_and_edge(region, edge, host):
    chosen = Settings(account_sid=ACCOUNT, auth_token=TOKEN, region=region, edge=edge)

    assert repr(client_of(chosen)) == f"TwilioClient('{ACCOUNT}', 'https://{host}')"


@pytest.mark.parametrize("region", ["br1", "de1", "jp1", "sg1", "us2", "ie2"])
def test_a_region_whose_host_is_off_is_refused_with_what_to_set_instead(region):
    with pytest.raises(InvalidRequest) as caught:
        client_of(Settings(account_sid=ACCOUNT, auth_token=TOKEN, region=region))
    assert str(caught.value) == (
        f"region is '{region}', which has no host without an edge: set edge (TWILIO_EDGE) too, make region "
        "(TWILIO_REGION) one of us1, ie1, au1, or leave it out for the United States"
    )


def test_a_region_does_not_matter_to_another_rest_api():
    chosen = Settings(account_sid=ACCOUNT, auth_token=TOKEN, region="sg1", api_url="http://127.0.0.1:1")

    assert repr(client_of(chosen)) == f"TwilioClient('{ACCOUNT}', 'http://127.0.0.1:1')"


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
