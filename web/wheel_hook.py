"""Puts the built web app into the wheel, so that an installed `labsight serve` needs no Node."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebAppHook(BuildHookInterface[Any]):
    """Adds ``web/dist`` as ``labsight/web``; an editable install finds it in the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folder to include, or say how to make it."""
        if version == "editable":
            return
        built = Path(self.root, "web", "dist")
        if not (built / "index.html").is_file():
            message = "web/dist is missing: run `make wheel`, which builds the web app first"
            raise FileNotFoundError(message)
        build_data["force_include"][str(built)] = "labsight/web"
