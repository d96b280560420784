"""Twilio's accounts as the settings name them: the account, its credentials, its sub-accounts, and a client of each."""

from __future__ import annotations

from runtime.errors import SettingsError
from runtime.settings import Settings
from runtime.twilio import Patience, TwilioClient


def account_of(settings: Settings) -> str:
    """The account's SID. Raises `SettingsError` if there is none."""
    if not settings.account_sid:
        raise SettingsError("no account_sid: set TWILIO_ACCOUNT_SID")
    return settings.account_sid


def api_key_of(settings: Settings) -> tuple[str, str]:
    """The API key's SID and secret. Raises `SettingsError` if there is none."""
    if not (settings.api_key and settings.api_secret):
        raise SettingsError("no api_key with its api_secret: set TWILIO_API_KEY and TWILIO_API_SECRET")
    return settings.api_key, settings.api_secret


def auth_token_of(settings: Settings) -> str:
    """The auth token. Raises `SettingsError` if there is none."""
    if not settings.auth_token:
        raise SettingsError("no auth_token: set TWILIO_AUTH_TOKEN")
    return settings.auth_token


def client_of(settings: Settings, patience: Patience | None = None, *, sub_account: str = "") -> TwilioClient:
    """A client of the account: by its API key if there is one, else by its auth token.

    A sub-account's is by the token that `[accounts]` has for it. Raises `SettingsError` if something is missing.
    """
    if sub_account and not settings.accounts.get(sub_account):
        raise SettingsError(f"no auth token of {sub_account}: set it in [accounts]")
    by_key = not sub_account and bool(settings.api_key or settings.api_secret)
    token = "" if by_key else settings.accounts[sub_account] if sub_account else auth_token_of(settings)
    return TwilioClient(
        sub_account or account_of(settings),
        token,
        api_key=api_key_of(settings) if by_key else None,
        region=settings.region or None,
        edge=settings.edge or None,
        base_url=settings.api_url or None,
        public_url=settings.public_url,
        patience=patience,
    )


def clients_of(settings: Settings) -> list[TwilioClient]:
    """A client of the account, and one of each sub-account."""
    others = [each for each in settings.accounts if each != settings.account_sid]
    return [client_of(settings), *(client_of(settings, sub_account=each) for each in others)]
