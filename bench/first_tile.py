"""The shortest programs that fetch one tile in a fresh process; little is imported up here."""

from typing import NoReturn


def ours(endpoint: str, path: str) -> None:
    """Read index and tile out of the object store, as the tile function does on its first call."""
    import sys  # noqa: PLC0415

    from bench.object_client import store  # noqa: PLC0415
    from labsight.tiles import Request, TileService  # noqa: PLC0415

    answer = TileService(store(endpoint), _no_maker).answer(Request("GET", path))
    if answer.headers.get("x-labsight-path") != "stored":
        raise RuntimeError(str(answer))
    sys.stdout.buffer.write(answer.body)
    sys.stdout.flush()


def _no_maker() -> NoReturn:
    raise RuntimeError("the tile is not stored")


def openslide_boto3(endpoint: str, key: str, slide: str) -> None:
    """Look the object up with boto3, then read a tile with OpenSlide.

    The file is on this disk already: the download, which OpenSlide needs, is not counted.
    """
    import io  # noqa: PLC0415
    import sys  # noqa: PLC0415
    from importlib import import_module  # noqa: PLC0415

    boto3, openslide = import_module("boto3"), import_module("openslide")
    deepzoom = import_module("openslide.deepzoom")
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
    )
    client.head_object(Bucket="bench", Key=key)
    pyramid = deepzoom.DeepZoomGenerator(openslide.OpenSlide(slide), 254, 1)
    out = io.BytesIO()
    pyramid.get_tile(pyramid.level_count - 1, (20, 20)).save(out, "JPEG", quality=75)
    sys.stdout.buffer.write(out.getvalue())
    sys.stdout.flush()
