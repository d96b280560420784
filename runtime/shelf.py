"""Where recipes are: in a package of modules, or in a folder of Python and XML files."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import linecache
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from runtime.errors import RecipesError

_HOUSE = frozenset({"twiml", "recipes", "actors", "supervisor", "runtime", "__main__"})
"""What is never a recipe's helper, though it may stand in the same folder."""

MISNAMED = "a recipe's file is named as Python names modules: letters, digits and _"
Found = str | Path | RecipesError
"""A module to import, a file of XML to read, or what is wrong with a file that can be neither."""


def modules(source: str) -> Iterator[tuple[str, Found]]:
    """The name of each recipe that might be there, with the module to import, or the file of XML."""
    folder = Path(source)
    try:
        if is_folder := _is_folder(source):
            next(folder.iterdir(), None)  # what can't be read would look like an empty folder below
    except OSError as problem:
        raise RecipesError(f"{source}: can't be read: {problem.strerror}") from problem
    if is_folder:
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
    for place in places:
        yield from _documents_in(Path(place))


def imported(source: str) -> dict[str, ModuleType]:
    """The modules of a place of recipes that are imported, with helpers that stand there, by name."""
    if _is_folder(source):
        folder = Path(source).resolve()
        tops = {name for name, module in list(sys.modules.items()) if "." not in name and _stands_in(folder, module)}
        tops -= _HOUSE
        return {name: module for name, module in list(sys.modules.items()) if name.partition(".")[0] in tops}
    within = f"{source}."
    return {name: each for name, each in list(sys.modules.items()) if name == source or name.startswith(within)}


def forget(source: str) -> dict[str, ModuleType]:
    """Have the modules of a place imported afresh when they are next asked for; gives what they were."""
    found = imported(source)
    for name, module in found.items():
        del sys.modules[name]
        cached = getattr(getattr(module, "__spec__", None), "cached", None)
        if cached:  # by which a change within a second, of the same length, would go unseen
            with contextlib.suppress(OSError):
                Path(cached).unlink()
    importlib.invalidate_caches()
    linecache.checkcache()
    return found


def restore(source: str, before: Mapping[str, ModuleType]) -> None:
    """Undo `forget`, whatever was imported since."""
    for name in imported(source):
        del sys.modules[name]
    sys.modules.update(before)
    for name, module in before.items():
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], child, module)


def _is_folder(source: str) -> bool:
    folder = Path(source)
    return folder.is_dir() and not _is_package_at(source, folder)


def _stands_in(folder: Path, module: object) -> bool:
    known = getattr(module, "__dict__", {})
    files = list(known.get("__path__") or ()) or [known.get("__file__")]
    return any(isinstance(file, str) and Path(file).parent.resolve() == folder for file in files)


def _is_package_at(source: str, folder: Path) -> bool:
    """Whether a folder is the package that Python imports by the same name."""
    if not source.isidentifier():
        return False
    spec = importlib.util.find_spec(source)
    places = spec.submodule_search_locations if spec is not None and spec.origin is not None else None
    return any(Path(place).resolve() == folder.resolve() for place in places or ())


def _modules_in(folder: Path) -> Iterator[tuple[str, Found]]:
    """The modules of a folder, which come after every other module of the same name."""
    if str(folder.resolve()) not in sys.path:
        sys.path.append(str(folder.resolve()))
    importlib.invalidate_caches()
    for path in sorted(folder.glob("*.py")):
        name = path.stem
        if name.startswith("_"):
            continue
        if not name.isidentifier():
            yield path.name, RecipesError(MISNAMED)
            continue
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or Path(spec.origin).resolve() != path.resolve():
            yield path.name, RecipesError(f"there is another module {name}, {spec and spec.origin}; rename the recipe")
            continue
        yield name, name
    yield from _documents_in(folder)


def _documents_in(folder: Path) -> Iterator[tuple[str, Found]]:
    """The flows that are written in XML."""
    for path in sorted(folder.glob("*.xml")):
        if path.stem.startswith("_"):
            continue
        if not path.stem.isidentifier():
            yield path.name, RecipesError(MISNAMED)
        elif path.with_suffix(".py").exists():
            yield path.name, RecipesError(f"there is a {path.stem}.py too; rename one of them")
        else:
            yield path.stem, path
