"""What memory a process takes (Linux: proc_pid_status(5))."""

from pathlib import Path


def resident_megabytes() -> float:
    """Return what is in memory now, MB."""
    return _status("VmRSS")


def peak_megabytes() -> float:
    """Return the most that was, MB; unlike getrusage's, not what the parent process had taken."""
    return _status("VmHWM")


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(name)
