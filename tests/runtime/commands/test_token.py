"""`switchhook token`: tokens on standard output, mistakes in one line."""

from __future__ import annotations

import jwt
import pytest
from twilio.jwt.client import ClientCapabilityToken

ACCOUNT, KEY, APP = "AC" + "0" * 32, "SK" + "1" * 32, "AP" + "2" * 32
TOKEN, SECRET = "0123456789abcdef0123456789abcdef", "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t"


@pytest.fixture(autouse=True)
def _an_account(environment, monkeypatch):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("TWILIO_API_KEY", KEY)
    monkeypatch.setenv("TWILIO_API_SECRET", SECRET)


def test_an_access_token(run):
    result = run(
        *("token", "access", "jane", "--incoming", "--outgoing", APP, "--param", "tier=gold", "--param", "q=a=b"),
        *("--push-credential", "CR1", "--endpoint-id", "ep1", "--region", "ie1", "--expires-after", 60),
    )

    assert result.exit_code == 0
    made = result.stdout.strip()
    claims = jwt.decode(made, SECRET, algorithms=["HS256"])
    assert claims["grants"] == {
        "identity": "jane",
        "voice": {
            "incoming": {"allow": True},
            "outgoing": {"application_sid": APP, "params": {"tier": "gold", "q": "a=b"}},
            "push_credential_sid": "CR1",
            "endpoint_id": "ep1",
        },
    }
    assert (claims["iss"], claims["sub"]) == (KEY, ACCOUNT)
    assert claims["exp"] - int(claims["jti"].rpartition("-")[2]) == 60
    assert jwt.get_unverified_header(made)["twr"] == "ie1"
    assert result.stdout.count("\n") == 1


def test_the_region_is_the_settings(run, monkeypatch):
    monkeypatch.setenv("TWILIO_REGION", "au1")

    made = run("token", "access", "jane", "--incoming").stdout.strip()

    assert jwt.get_unverified_header(made)["twr"] == "au1"


def test_a_capability_token(run):
    result = run(
        *("token", "client", "--incoming", "tommy", "--outgoing", APP, "--param", "name=Jane Doe"),
        *("--events", "--filter", "subject=x", "--expires-after", 60),
    )

    claims = ClientCapabilityToken.from_jwt(result.stdout.strip(), TOKEN).payload
    assert claims["scope"].split() == [
        f"scope:client:outgoing?appParams=name%3DJane%2BDoe&appSid={APP}&clientName=tommy",
        "scope:client:incoming?clientName=tommy",
        "scope:stream:subscribe?params=subject%3Dx&path=%2F2010-04-01%2FEvents",
    ]
    assert claims["exp"] - claims["nbf"] == 60


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("access", "jane", "--outgoing", "CA1"), "'CA1' is not a SID that begins with AP"),
        (("access", "jane"), "Usage: "),
        (("access", "jane", "--push-credential", "CR1"), "Usage: "),
        (("access", "jane", "--incoming", "--param", "a=b"), "Usage: "),
        (("client", "--incoming", ""), "the client's name has 0 characters"),
        (("client", "--incoming", "tommy", "--outgoing", ""), "'' is not a SID that begins with AP"),
        (("access", "jane", "--incoming", "--outgoing", ""), "'' is not a SID that begins with AP"),
        (("access", "jane", "--outgoing", "", "--param", "a=b"), "'' is not a SID that begins with AP"),
        (("access", "jane", "--incoming", "--push-credential", ""), "'' is not a SID that begins with CR"),
        (("access", "jane", "--incoming", "--region", "no such!"), "region is 'no such!'; it is a name like ie1"),
        (("client",), "Usage: "),
        (("client", "--incoming", "tommy", "--param", "a=b"), "Usage: "),
        (("client", "--incoming", "tommy", "--filter", "a=b"), "Usage: "),
        (("client", "--outgoing", APP, "--param", "ab"), "Usage: "),
        (("client", "--outgoing", APP, "--param", "=b"), "Usage: "),
        (("access",), "Usage: "),
    ],
)
def test_a_mistake(run, args, line):
    result = run("token", *args)

    assert result.exit_code == 2
    assert result.stderr.startswith(line)
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        (("access", "jane", "--outgoing", APP), "--param"),
        (("client", "--outgoing", APP), "--param"),
        (("client", "--events"), "--filter"),
    ],
)
def test_a_value_that_is_given_twice(run, kind, option):
    result = run("token", *kind, option, "a=1", option, "a=2")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == f"Error: {option} is given twice by one name"


@pytest.mark.parametrize(
    ("kind", "variable", "secret"),
    [
        (("access", "jane", "--incoming"), "TWILIO_API_SECRET", "api_key_secret"),
        (("client", "--events"), "TWILIO_AUTH_TOKEN", "auth_token"),
    ],
)
def test_nothing_is_signed_with_blanks(run, monkeypatch, kind, variable, secret):
    monkeypatch.setenv(variable, "  ")

    result = run("token", *kind)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"there is no {secret} to sign with\n")


@pytest.mark.parametrize("kind", [("access", "jane", "--incoming"), ("client", "--events")], ids=["access", "client"])
@pytest.mark.parametrize("seconds", [0, -1, -86_400, 86_401, 10**30])
def test_a_time_to_live_that_twilio_would_refuse(run, kind, seconds):
    result = run("token", *kind, "--expires-after", seconds)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"expires_after is {seconds} s; a token is good for 1 to 86400 s (24 hours)\n"


@pytest.mark.parametrize("kind", [("access", "jane", "--incoming"), ("client", "--events")], ids=["access", "client"])
@pytest.mark.parametrize("seconds", [1, 86_400])
def test_the_shortest_and_the_longest_time_to_live(run, kind, seconds):
    made = run("token", *kind, "--expires-after", seconds).stdout.strip()

    claims = jwt.decode(made, options={"verify_signature": False, "verify_exp": False})
    assert claims["exp"] - claims["nbf"] == seconds


@pytest.mark.parametrize("seconds", ["1e3", "1.5", "an hour", ""])
def test_a_time_to_live_that_is_no_number_of_seconds(run, seconds):
    result = run("token", "access", "jane", "--incoming", "--expires-after", seconds)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Invalid value for '--expires-after': '{seconds}' is not a valid integer." in result.stderr


@pytest.mark.parametrize(
    ("args", "variable", "line"),
    [
        (("access", "jane", "--incoming"), "TWILIO_ACCOUNT_SID", "no account_sid: set TWILIO_ACCOUNT_SID\n"),
        (("access", "jane", "--incoming"), "TWILIO_API_KEY", "no api_key with its api_secret: set TWILIO_API_KEY and"),
        (
            ("access", "jane", "--incoming"),
            "TWILIO_API_SECRET",
            "no api_key with its api_secret: set TWILIO_API_KEY and",
        ),
        (("client", "--events"), "TWILIO_AUTH_TOKEN", "no auth_token: set TWILIO_AUTH_TOKEN\n"),
        (("client", "--events"), "TWILIO_ACCOUNT_SID", "no account_sid: set TWILIO_ACCOUNT_SID\n"),
    ],
)
def test_what_is_missing(run, monkeypatch, args, variable, line):
    monkeypatch.delenv(variable)

    result = run("token", *args)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(line)


def test_a_secret_is_not_repeated(run, tmp_path):
    (tmp_path / "switchhook.toml").write_text("api_secret = 4711")

    result = run("token", "access", "jane", "--incoming", "--config", "switchhook.toml")

    assert "4711" not in result.output


def test_a_wrong_secret_is_hidden(run, tmp_path, monkeypatch):
    monkeypatch.delenv("TWILIO_API_SECRET")
    (tmp_path / "switchhook.toml").write_text("api_secret = 4711")

    result = run("token", "access", "jane", "--incoming")

    assert result.exit_code == 2
    assert result.stderr.startswith("switchhook.toml: api_secret is (hidden): ")


@pytest.mark.parametrize("kind", [("access", "jane", "--incoming"), ("client", "--events")], ids=["access", "client"])
def test_a_short_secret_is_no_news_on_the_terminal(run_process, monkeypatch, kind):
    monkeypatch.setenv("TWILIO_API_SECRET", "short")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "short")

    done = run_process("token", *kind)

    assert (done.returncode, done.stderr) == (0, "")
    assert jwt.decode(done.stdout.strip(), options={"verify_signature": False})
