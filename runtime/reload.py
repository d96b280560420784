"""Loading the recipes anew while calls go on.

The modules of the recipes' folder or package, helpers among them, are forgotten and imported afresh,
on a thread of their own. Nobody sees them before they are found good: until then callouts run
functions of the modules that the present catalogue was made of, and calls begin by its programs.
If anything is wrong, the old modules are put back and all is as it was.

What is good holds for calls that begin from then on. Calls in progress keep the program they began
with; a callout is a name in it, and runs the function that has the name now, as it would after a
restart. One whose module or function has gone fails: the caller hears the apology.
"""

from __future__ import annotations

import asyncio
from functools import partial

from actors import Threads
from runtime import catalogue, shelf
from runtime.catalogue import Catalogue
from runtime.errors import RecipesError, SettingsError
from runtime.settings import Settings

PATIENCE = 60.0
"""Seconds that recipes may take to load."""


async def load_anew(settings: Settings, source: str) -> Catalogue:
    """The recipes of a place as they are now. Raises `SwitchhookError` with everything that is wrong with them."""
    before = shelf.forget(source)
    try:
        fresh = await _load(settings, source)
        check_names(settings, fresh)
    except BaseException:
        shelf.restore(source, before)
        raise
    return fresh


def check_names(settings: Settings, recipes: Catalogue) -> None:
    """Whether there is every recipe that the settings name. Raises `SettingsError`."""
    named: dict[tuple[str, ...], str] = {}
    if settings.default_recipe:
        named["default_recipe",] = settings.default_recipe
    named |= {("numbers", number): name for number, name in settings.numbers.items()}
    place = recipes.source if settings.recipes or recipes.source != catalogue.BUNDLED else ""
    missing = {setting: name for setting, name in named.items() if name not in recipes.recipes}
    if missing:
        why = {name: catalogue.no_such(name, recipes.recipes, place) for name in missing.values()}
        raise SettingsError(*(f"{settings.told(*setting)}: {why[name]}" for setting, name in missing.items()))


async def _load(settings: Settings, source: str) -> Catalogue:
    try:
        async with asyncio.timeout(PATIENCE):
            fresh: Catalogue = await Threads(1).run(partial(catalogue.load, source, (), settings.callout_modules))
    except TimeoutError:
        raise RecipesError(f"the recipes took more than {PATIENCE:g} s to load") from None
    return fresh
