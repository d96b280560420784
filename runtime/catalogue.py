"""The recipes: found, imported, validated, compiled and checked before anything listens.

What a recipe is, and how a module or a file becomes one, is in [recipe](recipe.py).
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType

from runtime.errors import RecipesError
from runtime.recipe import Recipe, of_document, of_module
from runtime.shelf import Found, imported, modules
from twiml import InvalidFlow

BUNDLED = "recipes"
"""The package of the recipes that come with Switchhook."""
AMONG_OUR_OWN = "among Switchhook's own; --recipes names a folder"


NO_RECIPE = Recipe("", "", "", None, None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The recipes by name. A name from a URL is looked up here and never imported."""

    recipes: Mapping[str, Recipe]
    modules: Mapping[str, ModuleType] = field(default_factory=dict, repr=False)
    """The modules it was made of, and their helpers, which callouts run the functions of."""
    source: str = BUNDLED
    """The package or folder that they were found in."""

    def of(self, name: str) -> Recipe:
        """The recipe of a name; `NO_RECIPE`, which has nothing, if there is none."""
        return self.recipes.get(name, NO_RECIPE)


@dataclass(frozen=True, slots=True)
class Survey:
    """Recipes as they were found: those that can be served, and what is wrong with the others."""

    recipes: Mapping[str, Recipe]
    errors: Mapping[str, Sequence[str]]
    """For each name every error, as `rank Verb: what is wrong` where it has a rank."""


def load(source: str = "", only: Sequence[str] = (), allowed: Sequence[str] = ()) -> Catalogue:
    """The recipes of a package or folder, all or only some. Raises `RecipesError` with every error of these.

    `allowed` are the modules that recipes in XML may call out to, `office.*` for all of a package.
    """
    found = survey(source, only, allowed)
    if found.errors:
        raise RecipesError(*(f"{name}: {each}" for name, errors in found.errors.items() for each in errors))
    return Catalogue(MappingProxyType(found.recipes), imported(source or BUNDLED), source or BUNDLED)


def to_call(name: str, source: str = "", allowed: Sequence[str] = ()) -> Catalogue:
    """The one recipe that a call is to talk to. Raises `RecipesError`, also if it answers messages alone."""
    found = load(source, [name], allowed)
    if not found.recipes[name].takes_calls:
        raise RecipesError(
            f"{name}: takes no calls: it answers messages alone, by its `reply`; give it a `recipe`, or call another"
        )
    return found


def survey(source: str = "", only: Sequence[str] = (), allowed: Sequence[str] = ()) -> Survey:
    """The same, errors and all. Raises `RecipesError` only where there is no place of recipes, or no recipe in it, or
    a name is empty.
    """
    if "" in only:
        raise RecipesError("the name of a recipe is empty; one is named as its module is")
    there = dict(modules(source or BUNDLED))
    errors = {name: [no_such(name, there, source)] for name in only if name not in there}
    recipes: dict[str, Recipe] = {}
    for name, found in there.items():
        if only and name not in only:
            continue
        try:
            recipe = _found(name, found, allowed)
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - a recipe is a user's code: anything may be wrong in it
            errors[name] = _sentences(str(found), problem)
        else:
            if recipe is not None:
                recipes[name] = recipe
            elif name in only:
                errors[name] = ["is no recipe: the module has no `recipe`, `reply` or `handle_request`"]
    if not errors and not recipes:
        none = f"{source or BUNDLED}: there are no recipes; one is a module with a list named `recipe`"
        raise RecipesError(none + (f", and in {', '.join(there)} there is none" if there else ""))
    return Survey(recipes, errors)


def _found(name: str, found: Found, allowed: Sequence[str]) -> Recipe | None:
    if isinstance(found, RecipesError):
        raise found
    return of_document(name, found, allowed) if isinstance(found, Path) else of_module(name, found)


def no_such(name: str, there: Iterable[str], source: str) -> str:
    """That a place has no recipe of a name, with the one that was meant, or else where it was looked for.

    >>> no_such("manu", ["menu"], "shop"), no_such("phone", ["menu"], "shop")
    ('there is no such recipe; did you mean menu?', 'there is no such recipe in shop')
    """
    if close := difflib.get_close_matches(name, there, n=1):
        return f"there is no such recipe; did you mean {close[0]}?"
    return f"there is no such recipe {f'in {source}' if source else AMONG_OUR_OWN}"


def _sentences(module: str, problem: BaseException) -> list[str]:
    """What is wrong with a recipe that can't be loaded, error by error."""
    if isinstance(problem, InvalidFlow):
        return problem.errors
    if isinstance(problem, RecipesError):
        return list(problem.lines)
    said = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    return [f"line {_line(problem, module)}: {type(problem).__name__}: {said}"]


def _line(problem: BaseException, module: str) -> int:
    """The line of the recipe's file at which importing it failed."""
    if isinstance(problem, SyntaxError) and problem.lineno is not None:
        return problem.lineno
    file = module.rpartition(".")[2] + ".py"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(problem.__traceback__)
        if Path(frame.filename).name == file and frame.lineno
    ]
    return lines[-1] if lines else 1
