"""A slide that only OpenSlide reads, in an archive, as an import would have left it."""

from typing import Any

from labsight import keys
from labsight.keys import SlideKey
from labsight.slides import sidecar
from labsight.slides.index import Level, SlideIndex, SourceFile
from tests.support.vms import make_vms

SIZES = ((1024, 768), (512, 384), (256, 192))


def put_slide(s3: Any, bucket: str, folder: str = "case 1") -> str:
    """Store a slide's files and its index; return the slide's id."""
    files = []
    for name, data in make_vms().items():
        key = str(SlideKey("lab", f"{folder}/{name}"))
        etag = s3.put_object(Bucket=bucket, Key=key, Body=data)["ETag"].strip('"')
        files.append(SourceFile(key, etag, len(data)))
    index = SlideIndex(
        key=files[0].key,
        etag=files[0].etag,
        size=files[0].size,
        format="vms",
        files=tuple(files),
        levels=tuple(Level(width, height, 256, 256) for width, height in SIZES),
    )
    slide = keys.slide_id(index.key)
    s3.put_object(Bucket=bucket, Key=keys.index_key(slide), Body=sidecar.to_bytes(index))
    return slide
