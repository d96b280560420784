"""Who may come in: every request's signature is checked before anything else is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from runtime import signature
from runtime.settings import Settings
from runtime.web.form import Form
from runtime.web.message import Refused, Request


class Door:
    """Checks signatures by the settings: tokens, sub-accounts, shared keys, the public URL."""

    def __init__(self, settings: Settings, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._unsigned = settings.unsigned
        self._tokens = settings.tokens
        self._accounts = settings.accounts
        self._shared_keys = settings.shared_keys

    def check(self, request: Request, form: Form, body: bytes | None) -> None:
        """Let a request in, or raise `Refused`. `body` is given if it is JSON, which its digest covers."""
        if self._unsigned:
            return
        signed = request.headers.get(signature.HEADER)
        if not signed:
            raise Refused(403, f"no {signature.HEADER}; only Twilio comes in here")
        url = self._origin + request.target
        algorithm, tokens = self._keys(request, form)
        if not signature.verify(url, form.signed, signed, tokens, algorithm):
            where = url.partition("?")[0]  # a query may hold who calls and what they keyed
            raise Refused(403, f"{signature.HEADER} is not that of {where}; check auth_token and public_url")
        if body is not None and not signature.body_digest_matches(url, body):
            raise Refused(403, "bodySHA256 is not the digest of the body")

    def _keys(self, request: Request, form: Form) -> tuple[str, Sequence[str]]:
        """The algorithm, and the tokens or the shared key that may have signed."""
        settings = request.headers.get(signature.SETTINGS_HEADER)
        algorithm = signature.algorithm_of(settings)
        if key := signature.key_of(settings):
            return algorithm, [self._shared_keys.get(key, "")]
        if not self._accounts:
            return algorithm, self._tokens
        sent = form if "AccountSid" in form.params else Form(request.target.partition("?")[2])
        account = sent.params.get("AccountSid", "")
        return algorithm, [self._accounts[account]] if account in self._accounts else self._tokens
