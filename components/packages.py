"""The third-party packages of all functions as one Lambda layer, built while deploying."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi import ComponentResource, FileArchive, Output, ResourceOptions
from pulumi_aws import lambda_

from components import bundle, wheels
from components.code import ROOT
from components.naming import checked

NONE = "none"
REQUIREMENTS = ROOT / "requirements-functions.txt"
CACHE = ROOT / ".cache" / "layers"
DAY = 86_400  # seconds
ABANDONED_SECONDS = DAY  # what a killed deployment left half built
UNUSED_SECONDS = 30 * DAY

# Part of the name under which a layer is kept: a change of how layers are built makes new ones.
RECIPE = "1"


@dataclass(frozen=True, kw_only=True)
class PackagesArgs:
    """Where the wheels come from: ``pypi``, a folder of wheels, or ``none`` for no layer.

    Local mode takes none: there the functions use the packages of the Python that runs them.
    """

    source: str
    requirements: Path = REQUIREMENTS
    cache: Path = CACHE

    def __post_init__(self) -> None:
        known = self.source in {wheels.PYPI, NONE}
        if not known and not (self.source and self.folder.is_dir()):
            raise ValueError(
                f"functions.packages: {wheels.PYPI}, {NONE} or a folder of wheels, got "
                f"{self.source!r}, and {self.folder} is no folder"
            )

    @property
    def folder(self) -> Path:
        """The folder of wheels, seen from the checkout."""
        return ROOT / self.source


class Packages(ComponentResource):
    """One layer for arm64 and Python 3.13, replaced when the pinned packages change."""

    layer_arn: Output[str] | None
    unpacked_bytes: int

    def __init__(self, name: str, args: PackagesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:compute:Packages", name, None, opts)
        self.layer_arn, self.unpacked_bytes = None, 0
        if args.source != NONE:
            archive = built(args)
            self.unpacked_bytes = bundle.unpacked_bytes(archive)
            self.layer_arn = self._layer(name, archive)
        self.register_outputs({"layer_arn": self.layer_arn})

    def check_room(self, function: str, own_bytes: int) -> None:
        """Refuse a function whose code Lambda would not unpack together with the layer."""
        bundle.check_room(function, own_bytes, self.unpacked_bytes)

    def _layer(self, name: str, archive: Path) -> Output[str]:
        # AWS has no random names for layers; versions of one name stand beside each other.
        physical = f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}"
        layer = lambda_.LayerVersion(
            f"{name}-layer",
            layer_name=checked("aws:lambda/layerVersion:LayerVersion", physical),
            description="Third-party packages of the functions",
            code=FileArchive(str(archive)),
            compatible_architectures=["arm64"],
            compatible_runtimes=["python3.13"],
            opts=ResourceOptions(parent=self),
        )
        return layer.arn


def built(args: PackagesArgs) -> Path:
    """Return the layer of these requirements, built unless it is there from an earlier time."""
    archive = args.cache / f"{_fingerprint(args)}.zip"
    if not zipfile.is_zipfile(archive):  # nor is a file that a full disk cut short
        args.cache.mkdir(parents=True, exist_ok=True)
        _tidy(args.cache)
        pulumi.log.info("fetching the functions' packages for arm64")
        _build(args, archive)
    with contextlib.suppress(PermissionError):  # somebody else's cache, which they tidy up
        os.utime(archive)
    return archive


def _build(args: PackagesArgs, archive: Path) -> None:
    """Build apart and move into place: a second deployment or a killed one does no harm."""
    work = Path(tempfile.mkdtemp(prefix="building-", dir=args.cache))
    try:
        source = args.source if args.source == wheels.PYPI else str(args.folder)
        wheels.install(args.requirements, source, work / "installed")
        bundle.pack(work / "installed", work / "layer.zip")
        (work / "layer.zip").replace(archive)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fingerprint(args: PackagesArgs) -> str:
    """Return a name for the content: what is pinned decides it, and how it is built."""
    recipe = json.dumps([RECIPE, args.source, wheels.PYTHON, wheels.PLATFORMS, bundle.LEVEL])
    return hashlib.sha256(recipe.encode() + b"\0" + args.requirements.read_bytes()).hexdigest()


def _tidy(cache: Path) -> None:
    """Remove what killed deployments left, and layers that nobody has used for a month."""
    now = time.time()
    for path in cache.glob("building-*"):
        if now - path.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
    for path in cache.glob("*.zip"):
        if now - path.stat().st_mtime > UNUSED_SECONDS:
            path.unlink(missing_ok=True)
