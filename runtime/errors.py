"""What a user can get wrong, with the exit code that says so."""

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
