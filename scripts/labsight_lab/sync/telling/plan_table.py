"""What a dry run would send, as a table."""

from labsight.keys import SLIDES
from labsight_lab.sync.telling.report import Report, Slide
from labsight_lab.text import size

MOST = 1000  # slides that are listed
_SIZE, _FILES = 9, 6  # characters
_INDENT = " " * (_SIZE + _FILES + 3)


def table(report: Report, wide: int | None) -> list[str]:
    """Return a line for each slide, or two where one is wider than the terminal."""
    if not report.slides:
        return []
    prefix = f"{SLIDES}{report.source}/"
    lines = [
        f"to s3://{report.bucket}/{prefix}",
        f"{'size':>{_SIZE}} {'files':>{_FILES}}  slide -> its place there",
        *(line for slide in report.slides[:MOST] for line in _row(slide, prefix, wide)),
    ]
    if (more := len(report.slides) - MOST) > 0:
        lines.append(f"{_INDENT}and {more:,} more, which --json names")
    return lines


def _row(slide: Slide, prefix: str, wide: int | None) -> list[str]:
    left = f"{size(slide.size):>{_SIZE}} {slide.files:>{_FILES},}  {slide.name}"
    place = slide.key.removeprefix(prefix)
    if place == slide.name:
        return [left]
    if wide is None or len(left) + len(place) + len(" -> ") <= wide:
        return [f"{left} -> {place}"]
    return [left, f"{_INDENT}-> {place}"]
