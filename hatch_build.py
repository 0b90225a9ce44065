"""Hatchling's hook: builds the explorer (web/build.py) when Shoal is installed from its source.

Nothing is built where the pages are there already, in an sdist (which holds them, and no web/), and with
SHOAL_SKIP_WEB=1: then `shoal serve` has its API, and its page says that the explorer is missing.
"""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ExplorerHook(BuildHookInterface[Any]):
    """Hatchling calls `dependencies` before it makes the build's environment, `initialize` inside of it."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        web = self._wanted()
        return [] if web is None or web.node_on_path() else [web.NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        web = self._wanted()
        if web is not None:
            web.build(self.app.display_info)

    def _wanted(self) -> ModuleType | None:
        """web/build.py, where there is something to build."""
        script = Path(self.root) / "web" / "build.py"
        if os.environ.get("SHOAL_SKIP_WEB") == "1" or not script.is_file():
            return None
        spec = importlib.util.spec_from_file_location("shoal_web_build", script)
        assert spec is not None and spec.loader is not None
        web = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(web)
        return None if web.done() else web
