"""The colours of a state chart, by day and by night, and its style.

Texts stand out from their ground by 4.5 to 1 and lines by 3 to 1 at least, as the WCAG has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

LIGHT = {
    "ground": "#ffffff",
    "frame": "#f6f8fa",
    "edge": "#818b98",
    "text": "#1f2328",
    "quiet": "#59636e",
    "line": "#6e7781",
    "here": "#fff2b8",
    "mark": "#9a6700",
    "say": "#59636e",
    "ask": "#0969da",
    "wait": "#8250df",
    "exit": "#cf222e",
    "jump": "#9a6700",
    "callout": "#1a7f37",
}
DARK = {
    "ground": "#0d1117",
    "frame": "#161b22",
    "edge": "#6e7681",
    "text": "#e6edf3",
    "quiet": "#9198a1",
    "line": "#8b949e",
    "here": "#332800",
    "mark": "#d4a72c",
    "say": "#8b949e",
    "ask": "#58a6ff",
    "wait": "#bc8cff",
    "exit": "#ff7b72",
    "jump": "#d29922",
    "callout": "#3fb950",
}

_FONTS = "font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Helvetica, Arial, sans-serif;"

_SHAPES = f"""\
{{}} text {{{{ {_FONTS} font-size: 13px; white-space: pre; }}}}
{{}} .what {{{{ font-weight: 600; }}}}
{{}} .rank {{{{ font-variant-numeric: tabular-nums; }}}}
{{}} .line {{{{ fill: none; stroke-width: 1.5; }}}}
{{}} .box .frame {{{{ stroke-width: 1; }}}}
{{}} .box.goto .frame {{{{ stroke-dasharray: 5 3; }}}}
{{}} .box.here .frame {{{{ stroke-width: 2; stroke-dasharray: none; }}}}
{{}} .label text {{{{ font-size: 11px; font-weight: 500; text-anchor: middle; }}}}"""

_TINTED: tuple[tuple[str, str, str], ...] = (
    (".ground", "fill", "ground"),
    (".label rect", "fill", "ground"),
    (".label rect", "stroke", "edge"),
    (".label text", "fill", "text"),
    (".line", "stroke", "line"),
    (".tip", "fill", "line"),
    (".line.goto", "stroke", "jump"),
    (".tip.goto", "fill", "jump"),
    (".box .frame", "fill", "frame"),
    (".box .frame", "stroke", "edge"),
    (".words", "fill", "text"),
    (".rank", "fill", "quiet"),
    (".bar", "fill", "say"),
    (".open .bar, {} .branch .bar", "fill", "ask"),
    (".branch .frame", "stroke", "ask"),
    (".wait .bar", "fill", "wait"),
    (".exit .bar", "fill", "exit"),
    (".exit .frame", "stroke", "exit"),
    (".goto .bar", "fill", "jump"),
    (".goto .frame", "stroke", "jump"),
    (".callout .bar", "fill", "callout"),
    (".callout .frame", "stroke", "callout"),
    (".spot", "fill", "here"),
    (".pointer", "fill", "mark"),
    (".box.here .frame", "stroke", "mark"),
)
"""Which colour each part of the drawing has, and for what; later ones win."""


def style(scope: str) -> str:
    """The style of a drawing within `scope`, a selector; night's colours where the reader's screen is dark."""
    dark = "\n".join(f"  {rule}" for rule in _rules(scope, DARK))
    shapes = _SHAPES.format(*[scope] * _SHAPES.count("{} "))
    return "\n".join([shapes, *_rules(scope, LIGHT), f"@media (prefers-color-scheme: dark) {{\n{dark}\n}}"])


def _rules(scope: str, tints: Mapping[str, str]) -> Iterator[str]:
    for selector, part, tint in _TINTED:
        yield f"{scope} {selector.replace('{}', scope)} {{ {part}: {tints[tint]}; }}"
