"""The recipes: found, imported, validated and compiled before anything listens.

A recipe is a module. `recipe` is a list of verbs, or a function `recipe(call)` that returns one;
`handle_request(path, params)` answers requests in the traditional way. A module that has neither
is somebody's helper and no recipe.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from actors import CalloutError, find
from runtime.errors import RecipesError
from twiml import FunctionExt, InvalidFlow, Program, compile

BUNDLED = "recipes"
"""The package of the recipes that come with Switchhook."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe. `program` is None for one that answers in the traditional way only."""

    name: str
    module: str
    description: str
    program: Program | None
    handle_request: Callable[..., Any] | None

    def summary(self) -> dict[str, Any]:
        """The recipe as the status shows it."""
        states = len(self.program) if self.program is not None else 0
        return {"name": self.name, "path": f"/{self.name}", "states": states, "findings": 0}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The recipes by name. A name from a URL is looked up here and never imported."""

    recipes: Mapping[str, Recipe]

    def program(self, name: str) -> Program | None:
        """The program of a recipe, or None."""
        recipe = self.recipes.get(name)
        return recipe.program if recipe is not None else None


def load(source: str = "", only: Sequence[str] = ()) -> Catalogue:
    """The recipes of a package or folder, all or only some. Raises `RecipesError` with every error of these."""
    modules = dict(_modules(source or BUNDLED))
    errors = [_no_such(name, modules) for name in only if name not in modules]
    recipes: dict[str, Recipe] = {}
    for name, module in modules.items():
        if only and name not in only:
            continue
        try:
            recipe = _recipe(name, importlib.import_module(module))
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - a recipe is a user's code: anything may be wrong in it
            errors += _sentences(name, module, problem)
        else:
            if recipe is not None:
                recipes[name] = recipe
    if errors:
        raise RecipesError(*errors)
    if not recipes:
        raise RecipesError(f"{source or BUNDLED}: there are no recipes; one is a module with a list named `recipe`")
    return Catalogue(MappingProxyType(recipes))


def _no_such(name: str, modules: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, modules, n=1)
    return f"{name}: there is no such recipe" + (f"; did you mean {close[0]}?" if close else "")


def _sentences(name: str, module: str, problem: BaseException) -> list[str]:
    """What is wrong with a recipe that can't be loaded, error by error."""
    if isinstance(problem, InvalidFlow):
        return [f"{name}: {each}" for each in problem.errors]
    if isinstance(problem, RecipesError):
        return list(problem.lines)
    said = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    return [f"{name}: line {_line(problem, module)}: {type(problem).__name__}: {said}"]


def _modules(source: str) -> Iterator[tuple[str, str]]:
    """The name of each recipe that might be there, with the module to import."""
    folder = Path(source)
    if folder.is_dir() and not _is_package_at(source, folder):
        yield from _modules_in(folder)
        return
    try:
        package = importlib.import_module(source)
        places = package.__path__
    except (Exception, SystemExit) as problem:
        raise RecipesError(f"{source}: is neither a folder nor a package of recipes: {problem}") from problem
    for found in sorted(pkgutil.iter_modules(places), key=lambda each: each.name):
        if not found.name.startswith("_"):
            yield found.name, f"{source}.{found.name}"


def _is_package_at(source: str, folder: Path) -> bool:
    """Whether a folder is the package that Python imports by the same name."""
    if not source.isidentifier():
        return False
    spec = importlib.util.find_spec(source)
    places = spec.submodule_search_locations if spec is not None and spec.origin is not None else None
    return any(Path(place).resolve() == folder.resolve() for place in places or ())


def _modules_in(folder: Path) -> Iterator[tuple[str, str]]:
    """The modules of a folder, which come after every other module of the same name."""
    if str(folder.resolve()) not in sys.path:
        sys.path.append(str(folder.resolve()))
    importlib.invalidate_caches()
    for path in sorted(folder.glob("*.py")):
        name = path.stem
        if name.startswith("_"):
            continue
        if not name.isidentifier():
            raise RecipesError(f"{path}: a recipe's file is named as Python names modules: letters, digits and _")
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or Path(spec.origin).resolve() != path.resolve():
            raise RecipesError(f"{path}: there is another module {name}, {spec and spec.origin}; rename the recipe")
        yield name, name


def _recipe(name: str, module: ModuleType) -> Recipe | None:
    flow = getattr(module, "recipe", None)
    handle_request = getattr(module, "handle_request", None)
    if flow is None and handle_request is None:
        return None
    program = None
    if flow is not None:
        title = name.replace("_", " ")
        program = compile([FunctionExt(title, module.__name__, "recipe")] if callable(flow) else flow)
        _check_callouts(name, program)
    return Recipe(name, module.__name__, _first_line(module.__doc__), program, handle_request)


def _check_callouts(name: str, program: Program) -> None:
    """Every callout must have a function to call."""
    errors = []
    for state in program:
        if isinstance(state.payload, FunctionExt):
            try:
                find(str(state.payload.module), str(state.payload.fn))
            except CalloutError as problem:
                errors.append(f"{name}: {state.rank} FunctionExt: {problem}")
    if errors:
        raise RecipesError(*errors)


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]


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
