"""Writes what of the documentation is made of the code: `python -m docs.generate`.

The reference is made of the declarations, the page of recipes of the recipes, the pictures of what they show. With
`--check` nothing is written; the exit code says whether every file is current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from actors import Webhook
from actors.webhooks.reference import reference
from docs.makers import elements, recipes, voices, walks

DOCS = Path(__file__).parent
OWNED = ("language", "pictures")
"""Folders that hold generated files and nothing else."""
NOTE = "<!-- Written by `python -m docs.generate`, of what the code says. Change the code. -->\n\n"

LANGUAGE = """\
# The language

Every element there is, as it is declared: what it holds, where it stands, what it does to the flow, each attribute with
its name in Python and in XML, what it may be, and what Twilio does without it. [Writing flows](flows.md) says how they
go together.

An element's content is its one positional argument; attributes are given by name. What is given is kept in one form:
lists as tuples, text that spells a number as the number, names with Twilio's capitals. So two elements that mean the
same are equal. An attribute that is newer than this language is passed on by `extra={{"newAttribute": "…"}}`, with a
warning.

{contents}

## [Voices and languages](language/voices.md)

What `voice` and `language` may be.
"""

WEBHOOKS = """\
# Webhooks

Every field that Twilio sends, as a subscribed function finds it on its `Webhook`: by its name here, as its type. What
isn't in these tables, and what isn't what it should be, is in `webhook.custom_params` as it came. `webhook.kind` says
what a request is for, `webhook.event` what it tells of, `webhook.pretty()` prints it; `switchhook webhook FILE` does so
for a captured one.

{fields}
"""


def files() -> dict[str, str]:
    """Every generated file, from the documentation's folder, and what it is to hold."""
    pages = {
        "language.md": LANGUAGE.format(contents=elements.contents()),
        **dict(elements.pages()),
        "language/voices.md": voices.page(),
        "recipes.md": recipes.page(),
        "webhooks.md": WEBHOOKS.format(fields=reference(Webhook.groups())),
    }
    return {name: NOTE + text for name, text in pages.items()} | dict(recipes.pictures()) | dict(walks.pictures())


def stale(wanted: Mapping[str, str]) -> list[str]:
    """The files that are missing, out of date, or of no more use."""
    wrong = [name for name, text in wanted.items() if _read(DOCS / name) != text]
    return wrong + [name for name in _there() if name not in wanted]


def _there() -> list[str]:
    found = (path for folder in OWNED for path in (DOCS / folder).rglob("*") if path.is_file())
    return sorted(path.relative_to(DOCS).as_posix() for path in found)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def write(wanted: Mapping[str, str]) -> list[str]:
    """Bring every file up to date; the names of those that weren't."""
    changed = stale(wanted)
    for name in changed:
        path = DOCS / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def main() -> int:
    """Write, or check; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file isn't current")
    checks = parser.parse_args().check
    wanted = files()
    for name in stale(wanted) if checks else write(wanted):
        print(f"docs/{name} {'is not current' if checks else 'written'}")
    return 1 if checks and stale(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
