"""Files by which a scanner's software says that others are finished, by their names."""

MARKER = ".complete"
MANIFESTS = (".manifest.jsonl", "/transfer_manifest.jsonl")


def is_sign(path: str) -> bool:
    """Whether a file says something of others: it is not sent, and nobody misses it."""
    return is_marker(path) or is_manifest(path)


def is_marker(path: str) -> bool:
    """Whether a file says by being there that what it is named after is finished."""
    return path.lower().endswith(MARKER)


def is_manifest(path: str) -> bool:
    """Whether a file lists others that are finished."""
    return f"/{path}".lower().endswith(MANIFESTS)
