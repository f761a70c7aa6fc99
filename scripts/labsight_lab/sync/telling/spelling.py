"""The order in which people look for names."""

import os
import unicodedata


def order(path: bytes) -> bytes:
    """Return what a path is sorted by: letters without their size and marks, folder by folder."""
    name = os.fsdecode(path)
    if not name.isascii():
        apart = unicodedata.normalize("NFKD", name)
        name = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return name.casefold().replace("/", "\0").encode("utf-8", "surrogatepass")
