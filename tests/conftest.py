"""Daemons on free ports of 127.0.0.1, and folders of recipes for them to serve."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from runtime import catalogue
from runtime.daemon import Daemon
from runtime.settings import Settings
from tests import postgres
from tests.wire import TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from actors import Clock, Journal

# In CI the same examples each time: a change is judged by itself, and the search for new ones goes on elsewhere.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would all they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Folder:
    """A folder of recipes: `folder["menu"] = "recipe = [Say('hello')]"`. The language is imported for them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __setitem__(self, name: str, text: str) -> None:
        (self.path / f"{name}.py").write_text(f"from twiml import *\n{dedent(text)}\n", encoding="utf-8")

    def __getitem__(self, name: str) -> ModuleType:
        """The module, as the daemon has imported it."""
        return importlib.import_module(name)

    def __str__(self) -> str:
        return str(self.path)


class Serve:
    """Starts daemons, in the test's own loop, and stops them when the test is over."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack

    async def __call__(
        self, recipes: object = "", *, journal: Journal | None = None, clock: Clock | None = None, **settings: Any
    ) -> Daemon:
        """A daemon of these recipes, those of Switchhook by default."""
        own = {"host": "127.0.0.1", "port": 0, "admin_port": 0, "auth_token": TOKEN}
        chosen = Settings(**own | settings)
        found = catalogue.load(str(recipes), (), chosen.callout_modules)
        daemon = Daemon(chosen, found, journal=journal, clock=clock)
        return await self._stack.enter_async_context(daemon)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server | postgres.Elsewhere]:
    """A PostgreSQL for all tests, which none of them may stop. Without one they fail, and say why."""
    try:
        server = postgres.serving()
    except postgres.NoPostgresError as problem:
        pytest.fail(str(problem), pytrace=False)
    yield server
    server.close()


@pytest.fixture
def database(postgres_server: postgres.Server | postgres.Elsewhere) -> Iterator[str]:
    """The URL of a database that is new and empty."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with contextlib.AsyncExitStack() as stack:
        yield Serve(stack)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """An empty folder, whose modules are forgotten when the test is over."""
    path = tmp_path / "my_recipes"
    path.mkdir()
    yield Folder(path)
    if str(path) in sys.path:
        sys.path.remove(str(path))
    for name, module in list(sys.modules.items()):
        if path in Path(getattr(module, "__file__", None) or "/").parents:
            del sys.modules[name]
    importlib.invalidate_caches()
