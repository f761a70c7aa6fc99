"""Files and connections that may be open at a time: the system is asked for as many as are needed.

macOS gives a process 256 descriptors unless it asks for more, many Linux systems 1,024. Windows has
no such limit that a program has to raise.
https://pubs.opengroup.org/onlinepubs/9799919799/functions/getrlimit.html
"""

import errno
import sys
from contextlib import suppress

from labsight.errors import SettingsError

_EACH = 4  # descriptors: a connection, a file, and two folders while it is opened
_OTHERS = 64  # the journal, logs, hints, parts of large files, what the libraries hold


def most_connections(wanted: int) -> int:
    """Return for how many connections there are descriptors: those wanted, where that goes."""
    needed = _OTHERS + _EACH * wanted
    there = _raised(needed)
    return wanted if there >= needed else max(1, (there - _OTHERS) // _EACH)


def few_connections(wanted: int, most: int) -> str:
    """Tell people that not all connections are used."""
    return (
        f"only {most} of {wanted} connections are used: the system lets labsight have no more "
        "files open. Raise its hard limit (`ulimit -Hn` shows it; LimitNOFILE= for a service)"
    )


def raise_shortage(error: OSError) -> None:
    """Raise SettingsError if an error is no fault of the file: too many others are open."""
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        whose = "labsight" if error.errno == errno.EMFILE else "this computer"
        raise SettingsError(
            f"{whose} has as many files open as the system allows. Raise the limit (`ulimit -n`; "
            "LimitNOFILE= for a service), or use fewer --connections"
        ) from error


if sys.platform == "win32":

    def _raised(needed: int) -> int:
        return needed

else:
    import resource

    def _raised(needed: int) -> int:
        """Return how many descriptors there may be, as many as needed if the system agrees.

        No more is asked for: macOS refuses what is above its own maximum, whatever the hard limit.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY or soft >= needed:
            return needed
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return most
        return soft
