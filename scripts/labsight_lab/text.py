"""Names, sizes and times as people read them."""

KILO = 1000


def shown(name: str) -> str:
    """Return a file name that is safe to print: what terminals act upon becomes an escape."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def size(count: float) -> str:
    """Write a number of bytes: ``1.3 GB``."""
    if count < KILO:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= KILO
        if count < KILO:
            return f"{count:.1f} {unit}"
    return f"{count / KILO:.1f} TB"


def duration(seconds: float) -> str:
    """Write a time span with its two largest units: ``2 h 05 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest:02d} min"
    return f"{hours // 24} d {hours % 24:02d} h"


def count(number: int, noun: str) -> str:
    """Write ``1 file`` or ``3 files``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
