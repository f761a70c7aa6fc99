"""Uploads a folder with boto3 as its documentation does; runs in the peers' environment."""

import argparse
import importlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_TOGETHER = 4  # files; each in ten parts at a time


def main() -> None:
    """Upload everything below a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("endpoint")
    parser.add_argument("bucket")
    parser.add_argument("prefix")
    parser.add_argument("--unsigned", action="store_true")
    options = parser.parse_args()
    boto3: Any = importlib.import_module("boto3")
    botocore: Any = importlib.import_module("botocore")
    config: Any = importlib.import_module("botocore.config")
    settings = {"signature_version": botocore.UNSIGNED} if options.unsigned else {}
    client = boto3.client(
        "s3",
        endpoint_url=options.endpoint,
        config=config.Config(max_pool_connections=10 * _TOGETHER, **settings),
    )

    def upload(file: Path) -> None:
        key = f"{options.prefix}/{file.relative_to(options.folder).as_posix()}"
        client.upload_file(str(file), options.bucket, key)

    with ThreadPoolExecutor(_TOGETHER) as pool:
        list(pool.map(upload, [file for file in options.folder.rglob("*") if file.is_file()]))


if __name__ == "__main__":
    main()
