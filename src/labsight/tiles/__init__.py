"""Serves slides: a pure function from request to response, and adapters to what carries HTTP."""

from labsight.tiles.http import Request, Response
from labsight.tiles.service import TileService

__all__ = ["Request", "Response", "TileService"]
