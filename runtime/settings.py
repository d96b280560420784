"""The settings: from flags, then the environment, then a TOML file; each is checked once, here.

A variable of the environment is the setting's name behind `SWITCHHOOK_`; the account's SID,
token, API key, region and edge are also read from Twilio's own variables, as `TWILIO_AUTH_TOKEN`.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from runtime.errors import SettingsError
from runtime.journals import check, shown
from supervisor import PAUSES
from twiml import E164
from twiml.extensions import LANGUAGE

PREFIX = "SWITCHHOOK_"
FILE = "switchhook.toml"
"""The file that is read from the current directory if no other is named."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
OTHERS_CALLED = re.compile(r"[a-z]+:\S+|[0-9]{3,8}")
"""Who is called or texted at something else than a number in E.164: `whatsapp:+44…`, `sip:…`, a short code."""
TWILIO_VARIABLES = {
    "account_sid": "TWILIO_ACCOUNT_SID",
    "auth_token": "TWILIO_AUTH_TOKEN",
    "api_key": "TWILIO_API_KEY",
    "api_secret": "TWILIO_API_SECRET",
    "region": "TWILIO_REGION",
    "edge": "TWILIO_EDGE",
}


class Settings(BaseSettings):
    """Every setting of the daemon, with its default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """The address that Twilio's webhooks come to."""
    port: int = Field(8080, ge=0, le=65535)
    """Its port; 0 for any that is free."""
    admin_host: str = "127.0.0.1"
    """The address of the status endpoint."""
    admin_port: int = Field(8081, ge=0, le=65535)
    """Its port."""
    status_token: str = ""
    """What the status endpoint asks for as a bearer token; needed where it isn't on loopback."""
    public_url: str = ""
    """The URL that Twilio knows this daemon by. Its path is where recipes are mounted."""
    recipes: str = ""
    """A dotted package or a folder of recipes; the ones that come with Switchhook by default."""
    callout_modules: list[str] = Field(default_factory=list)
    """Modules that recipes in XML may call out to; `office.*` for all of a package."""
    default_recipe: str = ""
    """The recipe of a call that comes to `/`."""
    journal: str = "sqlite:///switchhook.db"
    """Where calls are kept: `sqlite:///` and a file's path, `postgresql://` and a database, or `memory:`."""
    journal_days: float = Field(30.0, gt=0)
    """Days that a call is kept after its end, in a file or a database."""
    account_sid: str = ""
    """The account's SID, for calls, messages and tokens from the command line."""
    auth_token: str = ""
    """The account's auth token, which webhooks are signed with."""
    previous_auth_token: str = ""
    """During a rotation, the token that is still good."""
    accounts: dict[str, str] = Field(default_factory=dict)
    """Sub-accounts: the auth token of each AccountSid."""
    shared_keys: dict[str, str] = Field(default_factory=dict)
    """Keys of webhooks that are signed by HMAC-SHA256: the secret of each key's id."""
    api_key: str = ""
    """An API key's SID, to ask the REST API with instead of the auth token, and for access tokens."""
    api_secret: str = ""
    """The API key's secret."""
    region: str = ""
    """The region of Twilio that the account's data is processed in: `us1`, the default, `ie1` or `au1`."""
    edge: str = ""
    """The edge of Twilio's network that the REST API is reached at, like `dublin`; the region's own by default."""
    api_url: str = ""
    """Another REST API than Twilio's: a stand-in's URL."""
    unsigned: bool = False
    """Take webhooks without a signature. On loopback alone."""
    numbers: dict[str, str] = Field(default_factory=dict)
    """The recipe of each number, for calls that come to `/`, and for `switchhook numbers`."""
    fallback_url: str = ""
    """A static document elsewhere, asked for by GET, that callers hear when this daemon can't be had."""
    languages: dict[str, str] = Field(default_factory=dict)
    """The language that callers of each number hear, like `en-GB`, where a recipe speaks several."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Whatever recipes want to know, as `call.settings`."""
    callout_patience: float = Field(8.0, gt=0, le=14)
    """Seconds until a caller who waits for a callout hears the hold document."""
    callout_limit: float = Field(60.0, gt=0)
    """Seconds until a callout is given up and the call ends with an apology."""
    callout_threads: int = Field(32, ge=1, le=1000)
    """Callouts that run at a time, if they aren't coroutines; and half as many subscribed functions beside them."""
    retry_pauses: list[Annotated[float, Field(gt=0)]] = Field(default_factory=lambda: list(PAUSES))
    """Seconds from each failed try of a subscribed function to the next; after the last it is a dead letter."""
    max_visits: int = Field(50, ge=2)
    """How often a state is entered without a key or a word before the call is ended."""
    max_restarts: int = Field(1, ge=0)
    """Crashes of one call that are borne within `restart_window` seconds."""
    restart_window: float = Field(5.0, gt=0)
    """Seconds after which a crash no longer counts."""
    linger: float = Field(1.0, ge=0)
    """Seconds that a finished call's actor stays, and that a call whose caller is gone waits for Twilio's last word."""
    max_call_hours: float = Field(24.0, gt=0)
    """Hours after which a call whose end never came is ended."""
    complete_outbound_early: bool = False
    """End an outbound call whose status nobody is told once it has its last document: for calls made elsewhere."""
    max_awake: int = Field(10_000, ge=1)
    """Calls that are kept in memory at a time; the others are in the journal until their next webhook."""
    max_calls: int = Field(0, ge=0)
    """Calls in progress, beyond which a new caller hears that the line is busy; 0 for no limit."""
    drain_seconds: float = Field(20.0, ge=0)
    """Seconds that a stop waits for what is in hand."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged: `debug`, `info`, `warning` or `error`, and what is graver."""
    log_format: Literal["auto", "console", "json"] = "auto"
    """`console`, `json`, or `auto`: readable on a terminal, else JSON."""

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)
    """Where each setting came from that wasn't left to its default."""

    @field_validator("public_url")
    @classmethod
    def _is_a_base(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise ValueError("must be an http or https URL, like https://ivr.example.com")
        if parts.query or parts.fragment:
            raise ValueError("must have no query and no fragment")
        return value.rstrip("/")

    @field_validator("fallback_url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise ValueError("must be an http or https URL, like https://status.example.com/sorry.xml")
        return value

    @field_validator("api_url")
    @classmethod
    def _is_an_api(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be an http or https URL, like http://127.0.0.1:4010")
        if parts.username or parts.query or parts.fragment:
            raise ValueError("must have no credentials, no query and no fragment")
        return value

    @field_validator("numbers", "languages")
    @classmethod
    def _are_numbers(cls, value: dict[str, str]) -> dict[str, str]:
        for number in value:
            if not (E164.fullmatch(number) or OTHERS_CALLED.fullmatch(number)):
                like = "write it like +441314960100, or whatsapp:+441314960100"
                raise ValueError(f"{number!r} is no number as Twilio has it: {like}")
        return value

    @field_validator("languages")
    @classmethod
    def _are_spoken(cls, value: dict[str, str]) -> dict[str, str]:
        for number, language in value.items():
            if (problem := LANGUAGE.problem(language)) is not None:
                raise ValueError(f"{number} has {language!r}, which {problem}")
        return value

    @field_validator("journal")
    @classmethod
    def _is_a_journal(cls, value: str) -> str:
        check(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` gives: it reads the other sources, and knows where each value came from."""
        return (init_settings,)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The account's auth tokens that are good."""
        return tuple(filter(None, (self.auth_token, self.previous_auth_token)))

    def told(self, name: str, *inside: str) -> str:
        """A setting that is no secret as a mistake names it: `switchhook.toml: numbers.+441314960100 is 'shop'`."""
        value = getattr(self, name)
        for key in inside:
            value = value[key]
        source = f"{self._sources[name]}: " if name in self._sources else ""
        return f"{source}{'.'.join((name, *inside))} is {value!r}"


_KNOWN = frozenset({*Settings.model_fields, "config"})


def load(flags: Mapping[str, Any] | None = None, config: str | None = None) -> Settings:
    """The settings from all their sources. Raises `SettingsError`, naming setting, value and source."""
    sources: list[tuple[str, Mapping[str, Any]]] = [
        ("flags", {name: value for name, value in (flags or {}).items() if value is not None}),
        ("environment", _environment()),
    ]
    path = config or os.environ.get("SWITCHHOOK_CONFIG") or (FILE if Path(FILE).is_file() else None)
    if path is not None:
        sources.append((path, _file(path)))
    merged: dict[str, Any] = {}
    for _, values in reversed(sources):
        merged.update(values)
    try:
        settings = Settings(**merged)
    except ValidationError as problem:
        raise SettingsError(*(_sentence(error, sources) for error in problem.errors())) from problem
    settings._sources = {name: source for source, values in reversed(sources) for name in values}  # noqa: SLF001
    _check_together(settings)
    return settings


def _environment() -> dict[str, Any]:
    try:
        found = dict(EnvSettingsSource(Settings)())
    except ValueError as problem:
        raise SettingsError(f"environment: {problem}") from problem
    for variable in os.environ:
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and not variable.startswith(PREFIX + "TEST_") and name not in _KNOWN:
            found[name] = os.environ[variable]
    for name, variable in TWILIO_VARIABLES.items():
        if variable in os.environ:
            found.setdefault(name, os.environ[variable])
    return found


def _file(path: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingsError(f"{path}: can't be read: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path}: is not TOML: {problem}") from problem
    beside = Path(path).parent / str(found.get("recipes", ""))
    if found.get("recipes") and beside.is_dir():
        found["recipes"] = str(beside)  # a folder that a file names stands beside that file
    return found


def _sentence(error: Any, sources: list[tuple[str, Mapping[str, Any]]]) -> str:
    name, *inside = (str(part) for part in error["loc"])
    source = next((each for each, values in sources if name in values), "default")
    where = ".".join([name, *inside])
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, Settings.model_fields, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"{source}: there is no setting {where}{hint}"
    secret = "token" in name or name in ("accounts", "shared_keys", "api_secret")
    secret |= name == "api_url" and "@" in str(error["input"])
    value = "(hidden)" if secret else repr(error["input"])
    if name == "journal" and isinstance(error["input"], str):
        value = repr(shown(error["input"]))
    message = error["msg"].removeprefix("Value error, ")
    return f"{source}: {where} is {value}: {message[:1].lower()}{message[1:]}"


def _check_together(settings: Settings) -> None:
    """What no setting can know alone."""
    if settings.unsigned and settings.host not in LOOPBACK:
        raise SettingsError(f"{settings.told('host')}, and unsigned is for loopback alone: leave one out")
    if settings.admin_host not in LOOPBACK and not settings.status_token:
        raise SettingsError(f"{settings.told('admin_host')}, not loopback: set status_token too")
