"""`labsight export`: a slide as files of another kind."""

import sys
import time
from dataclasses import dataclass
from typing import Protocol

from labsight.errors import InvalidInput, SettingsError
from labsight_lab.text import count, duration, shown, size

_LINE_EVERY_S = 5.0
_BAR_EVERY_S = 0.1


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What the command was given; ``targets`` are the names of the targets asked for."""

    slide: str
    targets: tuple[str, ...]
    to: str | None = None
    tile_size: int | None = None
    overlap: int = 0
    quality: int | None = None
    labels: bool = False
    channels: str | None = None
    z: str | None = None
    t: str | None = None


class Display(Protocol):
    """What shows an export to somebody; also the Progress of ``labsight.slides.export``."""

    def begin(self, tiles: int, done: int) -> None:
        """Show that it begins."""
        ...

    def moved(self, tiles: int, written: int) -> None:
        """Show that tiles and bytes were written."""
        ...

    def end(self) -> None:
        """Show nothing any more."""
        ...


def export(options: ExportOptions) -> None:
    """Export a slide; raise InvalidInput for wrong options, and what the export raises."""
    _check(options)
    try:
        _export(options)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on where it stopped\n")
        raise


def _export(options: ExportOptions) -> None:
    try:
        from labsight.slides.export import options as choices  # noqa: PLC0415
        from labsight.slides.export import run, source  # noqa: PLC0415
        from labsight.slides.view import parse_view  # noqa: PLC0415 - not for `--help`
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "labsight":
            raise
        raise SettingsError(
            f"labsight export needs {error.name}, which is not installed: "
            "install labsight's wheel with [serve]"
        ) from error
    started, display = time.monotonic(), display_for()
    target = choices.Target(options.targets[0])
    with source.opened(options.slide) as slide:
        view = parse_view(slide.index.axes, options.channels, options.z, options.t)
        usual = choices.Options(view=view)
        chosen = choices.Options(
            view=view,
            tile_size=options.tile_size,
            overlap=options.overlap,
            quality=usual.quality if options.quality is None else options.quality,
            labels=options.labels,
        )
        try:
            done = run.export(slide, target, options.to, chosen, display)
        finally:
            display.end()
    told = f"{count(done.tiles, 'tile')}, {size(done.bytes)}"
    spent = duration(time.monotonic() - started)
    earlier = f", {count(done.earlier, 'tile')} before" if done.earlier else ""
    sys.stdout.write(f"wrote {shown(str(done.path))}: {told} in {spent}{earlier}\n")


def _check(options: ExportOptions) -> None:
    if len(options.targets) != 1:
        given = "none was given" if not options.targets else "got " + ", ".join(options.targets)
        raise InvalidInput(f"give one of --dzi, --szi, --zip, --ome-tiff and --tiles ({given})")
    if options.targets == ("ome-tiff",) and (options.channels or options.z or options.t):
        raise InvalidInput(
            "--ome-tiff holds all channels, focal planes and times: leave out --channels, --z and "
            "--t"
        )


def display_for() -> Display:
    """Return the display that suits where the output goes: a bar on a terminal, lines elsewhere."""
    if sys.stderr.isatty():
        from labsight_lab.export_bar import Bar  # noqa: PLC0415 - rich is slow to load

        return Bar(_BAR_EVERY_S)
    return Lines()


class Lines:
    """Plain lines, for logs."""

    def __init__(self) -> None:
        self._tiles = self._done = self._earlier = self._bytes = 0
        self._started = self._next = 0.0

    def begin(self, tiles: int, done: int) -> None:
        """Say what is to be done."""
        self._tiles, self._done, self._earlier = tiles, done, done
        self._started = time.monotonic()
        self._next = self._started + _LINE_EVERY_S
        again = f", {done:,} of them are there already" if done else ""
        self._say(f"exporting {count(tiles, 'tile')}{again}")

    def moved(self, tiles: int, written: int) -> None:
        """Say now and then how far it is, how fast it goes and how long it may take."""
        self._done, self._bytes = self._done + tiles, self._bytes + written
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _LINE_EVERY_S
        spent = now - self._started
        left = spent * (self._tiles - self._done) / max(1, self._done - self._earlier)
        self._say(
            f"{self._done:,} of {count(self._tiles, 'tile')}, {size(self._bytes)}, "
            f"{size(self._bytes / spent)}/s, about {duration(left)} left"
        )

    def end(self) -> None:
        """Say nothing: what was written follows."""

    @staticmethod
    def _say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
