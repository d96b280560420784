"""Settings: from flags, then the environment, then a TOML file; a mistake names setting, value and source."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime import settings
from runtime.errors import SettingsError

pytestmark = pytest.mark.usefixtures("_nothing_is_set")


@pytest.fixture
def file(tmp_path):
    """Writes the file that is read from the current directory."""
    return (tmp_path / "switchhook.toml").write_text


def lines(*args, **kwargs) -> list[str]:
    """What is wrong with these settings."""
    with pytest.raises(SettingsError) as caught:
        settings.load(*args, **kwargs)
    assert caught.value.exit_code == 2
    return list(caught.value.lines)


def test_the_defaults_listen_on_loopback_and_keep_calls_in_a_file():
    chosen = settings.load()

    assert (chosen.host, chosen.port) == ("127.0.0.1", 8080)
    assert (chosen.admin_host, chosen.admin_port) == ("127.0.0.1", 8081)
    assert (chosen.journal, chosen.tokens, chosen.unsigned) == ("sqlite:///switchhook.db", (), False)


def test_a_flag_goes_before_the_environment_and_that_before_the_file(file, monkeypatch):
    file('port = 1\nadmin_port = 1\nlinger = 1.5\nhost = "localhost"\n')
    monkeypatch.setenv("SWITCHHOOK_PORT", "2")
    monkeypatch.setenv("SWITCHHOOK_ADMIN_PORT", "2")

    chosen = settings.load({"port": 3, "host": None})

    assert (chosen.port, chosen.admin_port, chosen.linger, chosen.host) == (3, 2, 1.5, "localhost")


def test_the_token_comes_from_twilio_s_own_variable(monkeypatch, file):
    file('auth_token = "of the file"')
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "of twilio")
    assert settings.load().auth_token == "of twilio"

    monkeypatch.setenv("SWITCHHOOK_AUTH_TOKEN", "of switchhook")
    assert settings.load().auth_token == "of switchhook"


def test_two_tokens_are_good_during_rotation():
    assert settings.Settings(auth_token="new", previous_auth_token="old").tokens == ("new", "old")
    assert settings.Settings(previous_auth_token="old").tokens == ("old",)


def test_the_file_may_hold_tables(file):
    file(
        """
        auth_token = "12345"
        [numbers]
        "+441314960111" = "sales"
        [accounts]
        AC2 = "token"
        [shared_keys]
        key_1 = "secret"
        [settings]
        my_phone = "+441314960999"
        hours = { from = 9, to = 17 }
        """
    )

    chosen = settings.load()

    assert chosen.numbers == {"+441314960111": "sales"}
    assert chosen.accounts == {"AC2": "token"}
    assert chosen.shared_keys == {"key_1": "secret"}
    assert chosen.settings == {"my_phone": "+441314960999", "hours": {"from": 9, "to": 17}}


def test_tables_come_from_the_environment_as_json(monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_SETTINGS", '{"my_phone": "+441314960999"}')

    assert settings.load().settings == {"my_phone": "+441314960999"}


@pytest.mark.parametrize("named", ["flag", "environment"])
def test_another_file_may_be_named(tmp_path, monkeypatch, named):
    other = tmp_path / "other.toml"
    other.write_text("port = 7")
    if named == "environment":
        monkeypatch.setenv("SWITCHHOOK_CONFIG", str(other))

    assert settings.load(config=str(other) if named == "flag" else None).port == 7


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("", ""),
        ("https://ivr.example.com", "https://ivr.example.com"),
        ("https://ivr.example.com/", "https://ivr.example.com"),
        ("http://ivr.example.com:8443/twilio/voice/", "http://ivr.example.com:8443/twilio/voice"),
    ],
)
def test_a_public_url_has_no_slash_at_its_end(value, kept):
    assert settings.load({"public_url": value}).public_url == kept


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"port": "http"}, "flags: port is 'http': input should be a valid integer"),
        ({"port": 65536}, "flags: port is 65536: input should be less than or equal to 65535"),
        ({"port": -1}, "flags: port is -1: input should be greater than or equal to 0"),
        ({"journal": "mysql://x"}, "flags: journal is 'mysql://x': is not a journal there is"),
        ({"public_url": "ivr.example.com"}, "flags: public_url is 'ivr.example.com': must be an http or https URL"),
        ({"public_url": "ftp://x"}, "flags: public_url is 'ftp://x': must be an http or https URL"),
        ({"public_url": "https://x/?a"}, "flags: public_url is 'https://x/?a': must have no query and no fragment"),
        ({"public_url": "https://x/#a"}, "flags: public_url is 'https://x/#a': must have no query and no fragment"),
        ({"api_url": "nonsense"}, "flags: api_url is 'nonsense': must be an http or https URL, like http://127.0.0.1"),
        ({"api_url": "http://"}, "flags: api_url is 'http://': must be an http or https URL, like http://127.0.0.1"),
        ({"api_url": "http://x/?a"}, "flags: api_url is 'http://x/?a': must have no credentials, no query and no"),
        ({"api_url": "http://a:b@x"}, "flags: api_url is (hidden): must have no credentials, no query and no fragment"),
        ({"callout_patience": 15}, "flags: callout_patience is 15: input should be less than or equal to 14"),
        ({"callout_limit": 0}, "flags: callout_limit is 0: input should be greater than 0"),
        ({"log_level": "loud"}, "flags: log_level is 'loud': input should be 'debug', 'info', 'warning' or 'error'"),
        ({"max_visits": 1}, "flags: max_visits is 1: input should be greater than or equal to 2"),
    ],
)
def test_a_mistake_names_the_setting_the_value_and_the_source(flags, line):
    [found] = lines(flags)

    assert found.startswith(line)


def test_a_mistake_in_the_environment(monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_PORT", "eighty")

    [found] = lines()

    assert found.startswith("environment: port is 'eighty': ")


def test_a_mistake_in_the_file(file):
    file('port = "eighty"\n[numbers]\n"+441314960111" = 7\n')

    assert [line.partition(": input")[0] for line in lines()] == [
        "switchhook.toml: port is 'eighty'",
        "switchhook.toml: numbers.+441314960111 is 7",
    ]


@pytest.mark.parametrize("table", ["numbers", "languages"])
@pytest.mark.parametrize(
    "number", ["0131 496 0100", "+44 131 496 0100", "441314960100", "+0131", "whatsapp:", "whatsapp: +441", "Shop", ""]
)
def test_a_number_that_no_call_has_is_none(file, table, number):
    value = {"numbers": "desk", "languages": "en-GB"}[table]
    file(f'[{table}]\n"{number}" = "{value}"\n')

    [found] = lines()

    assert found.startswith(f"switchhook.toml: {table} is {{'{number}': '{value}'}}: '{number}' is no number as Twilio")
    assert found.endswith(": write it like +441314960100, or whatsapp:+441314960100")


@pytest.mark.parametrize(
    "number", ["+441314960100", "whatsapp:+441314960100", "sip:office@example.com", "client:jane", "62442"]
)
def test_a_number_as_twilio_has_it(file, number):
    file(f'[numbers]\n"{number}" = "desk"\n[languages]\n"{number}" = "en-GB"\n')

    assert list(settings.load().numbers) == list(settings.load().languages) == [number]


def test_every_mistake_is_told_at_once(file, monkeypatch):
    file("prot = 80\nlinger = -1\n")
    monkeypatch.setenv("SWITCHHOOK_ADMIN_PORT", "x")

    found = lines({"port": "y"})

    assert [line.partition(":")[0] for line in found] == ["flags", "environment", "switchhook.toml", "switchhook.toml"]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("prot = 80", "switchhook.toml: there is no setting prot; did you mean port?"),
        ("xyzzy = 80", "switchhook.toml: there is no setting xyzzy"),
    ],
)
def test_a_setting_that_is_none(file, written, line):
    file(written)

    assert lines() == [line]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("auth_token = 4711", "auth_token"),
        ("previous_auth_token = 4711", "previous_auth_token"),
        ("status_token = 4711", "status_token"),
        ("[accounts]\nAC2 = 4711", "accounts.AC2"),
        ("[shared_keys]\nkey = 4711", "shared_keys.key"),
    ],
)
def test_a_secret_is_not_repeated(file, written, name):
    file(written)

    [found] = lines()

    assert found.startswith(f"switchhook.toml: {name} is (hidden): ")
    assert "4711" not in found


def test_a_file_that_is_not_there():
    assert lines(config="nonesuch.toml") == ["nonesuch.toml: can't be read: No such file or directory"]


@pytest.mark.parametrize("octets", [b"port = \n", b"\xff\xfe", b"port = 1\nport = 2\n"])
def test_a_file_that_is_no_toml(tmp_path, octets):
    (tmp_path / "switchhook.toml").write_bytes(octets)

    [found] = lines()

    assert found.startswith("switchhook.toml: is not TOML: ")


def test_an_environment_that_is_no_json(monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_NUMBERS", "{")

    [found] = lines()

    assert found.startswith("environment: ")
    assert "numbers" in found


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "ivr.example.com", ""])  # noqa: S104 - it is refused
def test_unsigned_is_for_loopback_alone(host):
    [found] = lines({"unsigned": True, "host": host})

    assert found == f"flags: host is {host!r}, and unsigned is for loopback alone: leave one out"


def test_what_goes_together_is_told_by_the_source_that_counts(file, monkeypatch):
    file('unsigned = true\nhost = "127.0.0.1"')
    monkeypatch.setenv("SWITCHHOOK_HOST", "192.0.2.1")

    assert lines() == ["environment: host is '192.0.2.1', and unsigned is for loopback alone: leave one out"]


def test_a_setting_is_told_with_its_source_and_as_it_is_without_one(file):
    file('[numbers]\n"+441314960100" = "desk"')
    loaded = settings.load({"default_recipe": "x"})

    assert loaded.told("default_recipe") == "flags: default_recipe is 'x'"
    assert loaded.told("numbers", "+441314960100") == "switchhook.toml: numbers.+441314960100 is 'desk'"
    assert loaded.model_copy(update={"default_recipe": "y"}).told("default_recipe") == "flags: default_recipe is 'y'"
    assert loaded.told("port") == settings.Settings().told("port") == "port is 8080"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_unsigned_on_loopback(host):
    assert settings.load({"unsigned": True, "host": host}).unsigned


def test_a_status_endpoint_that_others_can_see_needs_a_token(file):
    file('admin_host = "0.0.0.0"')

    assert lines() == ["switchhook.toml: admin_host is '0.0.0.0', not loopback: set status_token too"]
    file('admin_host = "0.0.0.0"\nstatus_token = "s"')
    assert settings.load().admin_host == "0.0.0.0"  # noqa: S104 - a token is asked for


def test_a_folder_of_recipes_that_a_file_names_stands_beside_that_file(tmp_path, monkeypatch):
    (tmp_path / "shop").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "own.toml").write_text('recipes = "shop"', encoding="utf-8")
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert Path(settings.load({}, "../own.toml").recipes).resolve() == tmp_path / "shop"
    assert settings.load({"recipes": "shop"}, "../own.toml").recipes == "shop"
