"""Where recipes are: in a package of modules, or in a folder of Python and XML files."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from runtime.errors import RecipesError


def modules(source: str) -> Iterator[tuple[str, str | Path]]:
    """The name of each recipe that might be there, with the module to import, or the file of XML."""
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
    for place in places:
        yield from _documents_in(Path(place))


def _is_package_at(source: str, folder: Path) -> bool:
    """Whether a folder is the package that Python imports by the same name."""
    if not source.isidentifier():
        return False
    spec = importlib.util.find_spec(source)
    places = spec.submodule_search_locations if spec is not None and spec.origin is not None else None
    return any(Path(place).resolve() == folder.resolve() for place in places or ())


def _modules_in(folder: Path) -> Iterator[tuple[str, str | Path]]:
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
    yield from _documents_in(folder)


def _documents_in(folder: Path) -> Iterator[tuple[str, str | Path]]:
    """The flows that are written in XML."""
    for path in sorted(folder.glob("*.xml")):
        if path.stem.startswith("_"):
            continue
        if not path.stem.isidentifier():
            raise RecipesError(f"{path}: a recipe's file is named as Python names modules: letters, digits and _")
        if path.with_suffix(".py").exists():
            raise RecipesError(f"{path}: there is a recipe {path.stem}.py too; rename one of them")
        yield path.stem, path
