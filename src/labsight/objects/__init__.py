"""Where bytes lie: one small protocol, with S3, a folder and memory behind it."""

from labsight.objects.store import ObjectInfo, ObjectStore

__all__ = ["ObjectInfo", "ObjectStore"]
