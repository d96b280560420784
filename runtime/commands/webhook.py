"""`switchhook webhook`: what a captured request of Twilio's is, and why.

What is captured is what people have at hand: the body that a log shows, the query of a GET, an
alert of Twilio's API, or a whole HTTP request. Which it is shows at its beginning.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import click

from actors import Webhook, printable
from runtime import settings
from runtime.commands.options import config_option
from runtime.errors import SwitchhookError
from runtime.web.form import Place, fields_of, first_values, place
from runtime.web.message import Refused
from runtime.web.voice import LONGEST_SID

_REQUEST = re.compile(r"([A-Z]+) (\S+) HTTP/[0-9.]+")
_URL = re.compile(r"https?://|[/?]", re.IGNORECASE)
_TAKEN = "a form, a query string, an HTTP request, or JSON: an alert or an object of fields"


class NotExplained(SwitchhookError):
    """A file that holds no request of Twilio's."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Captured:
    """Where a request went and what it carried, in the order in which it did; and how it went, if that is known."""

    at: Place
    fields: list[tuple[str, str]]
    method: str = ""

    @property
    def own(self) -> list[tuple[str, str]]:
        """The fields of the URL, but for the machine's own."""
        return [(name, value) for name, value in fields_of(self.at.query) if name != "step"]

    @property
    def sent(self) -> Webhook:
        """The webhook, as it came."""
        return Webhook(first_values([*self.fields, *self.own]), self.at.recipe, self.at.path, self.at.step)

    @property
    def webhook(self) -> Webhook:
        """The webhook, as it is told: what calls back about a leg is about the call that has dialled it."""
        return self.sent.to_parent() or self.sent


@click.command()
@click.argument("file", type=click.File("rb"))
@config_option
def webhook(file: BinaryIO, config: str | None) -> None:
    """Explain a request of Twilio's that was captured in FILE.

    FILE, or standard input for -, holds a form as in a request's body, a query string or URL, a whole HTTP request, an
    alert of Twilio's Alerts API, or a JSON object of fields. Prints what kind of webhook it is and why, what is odd
    about it, and its fields.

    Exits with 2 if FILE holds nothing of the kind.
    """
    prefix = urlsplit(settings.load({}, config).public_url).path.rstrip("/")
    try:
        every = list(captured(_text(file.read()), prefix))
        click.echo("\n\n".join(_shown(each) for each in every))
    except (ValueError, Refused) as problem:
        raise NotExplained(f"{'standard input' if file.name == '<stdin>' else file.name}: {problem}") from problem


def _shown(one: Captured) -> str:
    return "\n".join([*map(printable, explained(one)), "", one.webhook.pretty()])


def explained(one: Captured) -> Iterator[str]:
    """What a request is, line by line.

    >>> lines = explained(next(captured("POST /menu/1.3?step=2 HTTP/1.1\\n\\nCallSid=CA1&Digits=1", "")))
    >>> print("\\n".join(list(lines)[:3]))
    kind: gather_response, because it has Digits or SpeechResult
    event: gather action with digits, because it has Digits
    where: recipe menu, 1.3, step 2
    """
    hook = one.webhook
    told = hook.told
    if not hook.of_a_message:
        yield f"kind: {hook.kind.value}, because {hook.why}"
    yield f"event: {told.event}, because {told.why}"
    if hook.recipe:
        step = "" if hook.step is None else f"step {hook.step}"
        yield f"where: {', '.join(filter(None, (f'recipe {hook.recipe}', hook.path, step)))}"
    if hook is not one.sent and hook.is_of_a_leg:
        yield f"leg: {hook.dial_call_sid}, which the call {hook.call_sid} has dialled and is told of"
    yield from (f"odd: {line}" for line in _odd(one, hook))


def _odd(one: Captured, hook: Webhook) -> Iterator[str]:
    """What a person who looks for a fault wants to see first."""
    yield from _refused(one.method, one.sent)
    for name, times in Counter(name for name, _ in one.fields).items():
        if times > 1:
            yield f"{name} came {times} times; the first counts"
    for name, field in hook.misfits.items():
        yield f"{name} is no {field.type}; it stays in custom_params"


def _refused(method: str, sent: Webhook) -> Iterator[str]:
    """Why the daemon would refuse it."""
    if method == "GET":
        yield "it is a GET, and would be refused, unless its recipe has a handle_request"
    elif method not in ("", "POST"):
        yield f"it is a {method}, and would be refused"
    if sent.of_a_message:
        longest = "MessageSid", sent.message
    elif sent.call_sid or (sent.conference_sid and not (sent.recipe and sent.kind.wants_document)):
        longest = "CallSid", sent.call_sid or sent.call_sid_ending_conference
    else:
        yield "it has no CallSid, and would be refused"
        return
    if len(longest[1]) > LONGEST_SID:
        yield f"its {longest[0]} has {len(longest[1])} characters, and would be refused; Twilio's have 34"


def captured(text: str, prefix: str) -> Iterator[Captured]:
    """The requests that a text holds: one, but for a list of alerts. Raises `ValueError` or `Refused`.

    >>> [each.fields for each in captured("CallSid=CA1&From=%2B44", "")]
    [[('CallSid', 'CA1'), ('From', '+44')]]
    """
    if not text:
        raise ValueError("is empty; it is to hold " + _TAKEN)
    if text[0] in "{[":
        yield from _of_json(text, prefix)
    elif request := _REQUEST.match(text):
        yield replace(_of_request(request[2], text[request.end() :], prefix), method=request[1])
    elif _URL.match(text):
        yield _at(_unfolded(text), [], prefix)
    else:
        yield Captured(Place("", "", ""), _form(text))


def _of_request(target: str, rest: str, prefix: str) -> Captured:
    """A request by its line, its headers and its body."""
    head, _, body = rest.partition("\n\n")
    kind = next((line for line in head.split("\n") if line.lower().startswith("content-type:")), "")
    if "json" in kind.lower():
        raise ValueError("is a request with JSON; Twilio's webhooks are forms")
    return _at(target, _form(body) if body.strip() else [], prefix)


def _of_json(text: str, prefix: str) -> Iterator[Captured]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"begins like JSON and isn't: {problem}") from problem
    if isinstance(value, dict) and isinstance(value.get("alerts"), list):
        value = value["alerts"]
    every = value if isinstance(value, list) else [value]
    if not every:
        raise ValueError("is an empty list")
    for each in every:
        if not isinstance(each, dict):
            raise ValueError(f"is JSON, but no object; it is to hold {_TAKEN}")  # noqa: TRY004 - of the user's file
        yield _of_alert(each, prefix) if "request_variables" in each or "alert_text" in each else _of_object(each)


def _of_alert(alert: dict[str, Any], prefix: str) -> Captured:
    variables = alert.get("request_variables")
    if not variables:
        sid = alert.get("sid") or "NO…"
        raise ValueError(f"the alert {sid} has no request_variables; a list leaves them out: fetch /v1/Alerts/{sid}")
    fields = _of_object(variables).fields if isinstance(variables, dict) else _form(str(variables))
    url = str(alert.get("request_url") or "")
    one = _at(url, fields, prefix) if url else Captured(Place("", "", ""), fields)
    return replace(one, method=str(alert.get("request_method") or ""))


def _of_object(fields: dict[str, Any]) -> Captured:
    if not fields:
        raise ValueError("is an object without fields")
    return Captured(
        Place("", "", ""),
        [
            (name, value if isinstance(value, str) else "" if value is None else json.dumps(value))
            for name, value in fields.items()
        ],
    )


def _at(url: str, fields: list[tuple[str, str]], prefix: str) -> Captured:
    """A request to a URL; one that isn't below `public_url` may have been to another server."""
    parts = urlsplit(url)
    raw = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        at = place(raw, prefix)
    except Refused:
        at = place(raw, "")
    one = Captured(at, fields)
    if not one.fields and not one.own:
        raise ValueError("has no fields")
    return one


def _form(text: str) -> list[tuple[str, str]]:
    form = _unfolded(text)
    if "=" not in form:
        raise ValueError(f"has no name=value; it is to hold {_TAKEN}")
    return fields_of(form)


def _unfolded(text: str) -> str:
    """A form on one line, as it was sent: people fold long ones at an `&`.

    >>> _unfolded("CallSid=CA1&\\n  Digits=1\\n&msg=\\n")
    'CallSid=CA1&Digits=1&msg='
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    for number, (line, following) in enumerate(pairwise(lines), start=1):
        if not line.endswith("&") and not following.startswith("&"):
            raise ValueError(f"line {number} and the next aren't joined by &; a form is one line, or folded at its &")
    return "".join(lines)


def _text(data: bytes) -> str:
    """What a file says; a byte that isn't UTF-8 becomes a question mark, as on the server."""
    if b"\0" in data:
        raise ValueError("is no text; it is to hold " + _TAKEN)
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n").strip()
