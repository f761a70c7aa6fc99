"""The built web app as files: found by their path, and nothing from outside their folder."""

from pathlib import Path

from starlette.responses import FileResponse, Response


class WebFolder:
    """The folder that the build of the web app fills."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def file(self, path: str) -> Path | None:
        """Return the file at a decoded path, or nothing."""
        if "\0" in path:
            return None
        try:
            file = (self._folder / path.lstrip("/")).resolve()
            if file == self._folder:
                file /= "index.html"
            return file if file.is_relative_to(self._folder) and file.is_file() else None
        except OSError:  # a name too long for this file system
            return None


def file_response(file: Path) -> Response:
    """Answer with a file of the web app, and how long a browser may keep it."""
    # The build puts a hash of the content into the names under assets/.
    fixed = file.parent.name == "assets"
    cache = "public, max-age=31536000, immutable" if fixed else "no-cache"
    return FileResponse(file, headers={"cache-control": cache})
