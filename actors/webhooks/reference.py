"""The table of fields as a page of documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from actors.webhooks.field import Group


def reference(groups: Iterable[type[Group]]) -> str:
    """The fields in Markdown, a table for each group.

    >>> from actors import Webhook
    >>> print("\\n".join(reference(Webhook.groups()).splitlines()[:5]))
    Which call it is.
    <BLANKLINE>
    | field | here | type | what it is | comes with | source |
    |---|---|---|---|---|---|
    | `AccountSid` | `account_sid` | text | The account, or sub-account, whose call it is. | all | voice/twiml |
    """
    return "\n\n".join("\n".join(_table(group)) for group in groups)


def _table(group: type[Group]) -> Iterator[str]:
    yield group.__doc__ or group.__name__
    yield ""
    yield "| field | here | type | what it is | comes with | source |"
    yield "|---|---|---|---|---|---|"
    for field in group.fields:
        on = "; ".join(sorted(field.on)) or "all"
        yield f"| `{field.wire}` | `{field.name}` | {field.type} | {field.about} | {on} | {field.page} |"
