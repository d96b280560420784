"""What a user can get wrong, with the exit code that says so.

| exit code | |
|---|---|
| 1 | it was tried, and didn't come off; `check` has found an error |
| 2 | nothing was tried: the command, a setting, a recipe or a file is wrong |
| 3 | nobody knows whether it was done |
| 130 | Ctrl-C |
"""

from __future__ import annotations

from collections.abc import Sequence


class SwitchhookError(Exception):
    """Something the user can mend. Each of `lines` says what, where, and what to do."""

    exit_code = 1

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines: Sequence[str] = lines


class SettingsError(SwitchhookError):
    """A setting is missing, wrong, or can't be had."""

    exit_code = 2


class RecipesError(SwitchhookError):
    """Recipes that can't be loaded or aren't valid."""

    exit_code = 2
