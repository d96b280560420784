"""Sphinx: Markdown by MyST, the Furo theme, no network.

The pages are written to be read on GitHub as well, so what Sphinx alone understands is added here: the tables of
contents are the lists of links that stand in `index.md` and `language.md`.
"""

import re
from importlib.metadata import version as version_of
from typing import Any

project = "Switchhook"
author = "The Switchhook authors"
copyright = author
release = version = version_of("switchhook")

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "makers"]

html_theme = "furo"
html_title = "Switchhook"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["switchhook.css"]


def setup(app: Any) -> None:
    """Have each page read as Sphinx wants it."""
    app.connect("source-read", lambda _, page, source: source.append(as_sphinx_reads(page, source.pop())))


def as_sphinx_reads(page: str, text: str) -> str:
    """A page with its table of contents, and without the blank line that doctest wants at the end of an example."""
    closed_up = re.sub(r"\n\n```$", "\n```", text, flags=re.MULTILINE)
    return closed_up + "".join(toctree(caption, pages) for caption, pages in contents(page, text))


def contents(page: str, text: str) -> list[tuple[str, list[str]]]:
    """The pages that a page links to as its own: those of the index by caption, those of the language in one list.

    >>> contents("index", "## Learn\\n\\n- [Tutorial](tutorial.md): from the start\\n- [Voices](language/voices.md)")
    [('Learn', ['tutorial'])]
    >>> contents("language", "## [Verbs](language/verbs.md)\\n\\n[Say](language/verbs.md#say).")
    [('', ['language/verbs'])]
    """
    if page == "language":
        return [("", re.findall(r"^## \[.+\]\((.+)\.md\)$", text, flags=re.MULTILINE))]
    if page != "index":
        return []
    captions = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    links = [re.findall(r"^- \[.+?\]\(([\w-]+)\.md\)", part, flags=re.MULTILINE) for part in captions[1::2]]
    return list(zip(captions[::2], links, strict=True))


def toctree(caption: str, pages: list[str]) -> str:
    """The directive that makes a table of contents, without showing it on the page."""
    said = [f":caption: {caption}"] if caption else []
    return "\n".join(["\n\n```{toctree}", ":hidden:", *said, "", *pages, "```\n"])
