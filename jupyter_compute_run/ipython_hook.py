"""IPython for a cell that began without it: there from the moment the cell imports it."""

from __future__ import annotations

import builtins
import importlib.machinery
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Sequence

_MODULE = "IPython.core.interactiveshell"


class _Finder:
    """Lets ``IPython.core.interactiveshell`` be imported, then gives it a shell of ours."""

    def __init__(self, main: ModuleType) -> None:
        self.main = main

    def find_spec(
        self, name: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            loader: Any = _Loader(spec.loader, self.main)
            spec.loader = loader
        return spec


class _Loader:
    def __init__(self, inner: Any, main: ModuleType) -> None:
        self.inner = inner
        self.main = main

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Optional[ModuleType]:
        found: Optional[ModuleType] = self.inner.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        self.inner.exec_module(module)
        _start_on_demand(module.InteractiveShell, self.main)


def install(main: ModuleType, is_wanted: bool) -> None:
    """Wait for the cell to import IPython; ``is_wanted``: it also speaks of ``get_ipython``."""
    sys.meta_path.insert(0, _Finder(main))
    if is_wanted:
        from importlib.util import find_spec

        if find_spec("IPython") is not None:
            builtins.get_ipython = _get_ipython  # type: ignore[attr-defined]


def show_result(fallback: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return what shows a result: IPython's formatters if there is a shell by then."""

    def show(value: Any) -> None:
        shell: Any = sys.modules.get(__package__ + ".shell")
        if shell is None or not shell.is_started():
            fallback(value)
        else:
            shell.show_result(value)

    return show


def _start_on_demand(kind: Any, main: ModuleType) -> None:
    """Make a shell at the first question for one: starting it takes longer than its import."""
    instance = kind.instance.__func__

    def initialized(cls: Any) -> bool:
        from . import shell

        return shell.start(main) is not None

    def first_instance(cls: Any, *args: Any, **options: Any) -> Any:
        if cls is kind:
            initialized(cls)
        return instance(cls, *args, **options)

    kind.initialized = classmethod(initialized)
    kind.instance = classmethod(first_instance)


def _get_ipython() -> Any:
    from . import shell

    return shell.start(sys.modules["__main__"])
