"""Who may come in: every request's signature is checked before anything else is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web

from runtime import signature
from runtime.settings import Settings
from runtime.web.form import Refused, fields_of


class Door:
    """Checks signatures by the settings: tokens, sub-accounts, shared keys, the public URL."""

    def __init__(self, settings: Settings, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._unsigned = settings.unsigned
        self._tokens = settings.tokens
        self._accounts = settings.accounts
        self._shared_keys = settings.shared_keys

    def check(self, request: web.BaseRequest, fields: Sequence[tuple[str, str]], body: bytes | None) -> None:
        """Let a request in, or raise `Refused`. `body` is given if it is JSON, which its digest covers."""
        if self._unsigned:
            return
        signed = request.headers.get(signature.HEADER)
        if not signed:
            raise Refused(403, f"no {signature.HEADER}; only Twilio comes in here")
        url = self._origin + request.raw_path
        sent = fields or fields_of(url.partition("?")[2])
        algorithm, tokens = self._keys(request.headers.get(signature.SETTINGS_HEADER), sent)
        if not signature.verify(url, fields, signed, tokens, algorithm):
            where = url.partition("?")[0]  # a query may hold who calls and what they keyed
            raise Refused(403, f"{signature.HEADER} is not that of {where}; check auth_token and public_url")
        if body is not None and not signature.body_digest_matches(url, body):
            raise Refused(403, "bodySHA256 is not the digest of the body")

    def _keys(self, header: str | None, fields: Sequence[tuple[str, str]]) -> tuple[str, Sequence[str]]:
        """The algorithm, and the tokens or the shared key that may have signed."""
        if header is not None and (key := signature.key_of(header)):
            return signature.algorithm_of(header), [self._shared_keys.get(key, "")]
        account = next((value for name, value in fields if name == "AccountSid"), "") if self._accounts else ""
        tokens = [self._accounts[account]] if account in self._accounts else self._tokens
        return signature.algorithm_of(header), tokens
