"""What the `journal` setting may be, and how it is shown: never with a password.

| setting | what it is |
|---|---|
| `memory:` | kept as long as the process lives |
| `sqlite:///calls.db` | a file, from the current folder |
| `sqlite:////var/lib/switchhook/calls.db` | a file, from the root: four slashes |
| `postgresql://user@host/database` | a database of PostgreSQL's, which several daemons may share |
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

POSTGRESQL = ("postgresql:", "postgres:")
"""How the URL of a database begins."""
OPTIONS = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey")
"""What a URL of PostgreSQL's may have behind the question mark: the folder of a socket, and TLS."""
_SQLITE = "sqlite:///"
_EXAMPLE = "as in postgresql://switchhook@db.example.com/switchhook"


def check(url: str) -> None:
    """Raises `ValueError` for a setting that names no journal.

    >>> check("postgresql://switchhook@db.example.com")
    Traceback (most recent call last):
    ValueError: names no database, as in postgresql://switchhook@db.example.com/switchhook
    """
    if url.startswith(POSTGRESQL):
        _check_postgresql(url)
    else:
        path_of(url)


def path_of(url: str) -> Path | None:
    """The file that a setting names, None if it is no file that calls are kept in. Raises `ValueError`.

    >>> path_of("sqlite:///calls.db").name, str(path_of("sqlite:////var/calls.db")), path_of("memory:")
    ('calls.db', '/var/calls.db', None)
    """
    if url == "memory:" or url.startswith(POSTGRESQL):
        return None
    if not url.startswith("sqlite:"):
        raise ValueError("is not a journal there is; there are memory:, sqlite:///path and postgresql://host/database")
    path = url.removeprefix(_SQLITE)
    if path == ":memory:" or url in ("sqlite:", "sqlite://", _SQLITE):
        raise ValueError("names no file; to keep calls as long as the process lives, say memory:")
    if not url.startswith(_SQLITE):
        raise ValueError("has sqlite: without three slashes and a path, as in sqlite:///calls.db")
    if "?" in path or "\0" in path or path.endswith("/"):
        raise ValueError("must be sqlite:/// and the path of a file; it takes no options")
    return Path(path).absolute()


def shown(url: str) -> str:
    """A setting as it may be shown.

    >>> shown("postgresql://switchhook:open%20sesame@db.example.com/switchhook")
    'postgresql://switchhook@db.example.com/switchhook'
    >>> shown("postgres:/me:a@b/c@db"), shown("postgresql://db/calls?password=secret")
    ('postgres:/me@db', 'postgresql://db/calls?password=…')
    """
    before, at, after = url.rpartition("@")  # a password may have an @ of its own, where it shouldn't
    user = re.match(r"\w*:/*[^:/]*", before)
    return re.sub(r"(password=)[^&]*", r"\1…", f"{user[0] if user else ''}{at}{after}" if at else after)


def _check_postgresql(url: str) -> None:
    parts = urlsplit(url)
    if not re.match(r"\w+://", url):
        raise ValueError(f"has {parts.scheme}: without two slashes, {_EXAMPLE}")
    try:
        parts.port  # noqa: B018 - it is read to see that it can be
    except ValueError as problem:
        raise ValueError("has no port where one belongs; a password has %3A for :, %2F for /, %40 for @") from problem
    if parts.fragment:
        raise ValueError("has a # in it; a password has %23 for that")
    if not parts.path.strip("/") or "/" in parts.path.strip("/"):
        raise ValueError(f"names no database, {_EXAMPLE}")
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name not in OPTIONS:
            raise ValueError(f"has the option {name!r}, which isn't one; there are {', '.join(OPTIONS)}")
    if importlib.util.find_spec("asyncpg") is None:
        raise ValueError("needs asyncpg: pip install asyncpg")
