"""Small wheels for installers to work on, and requirements that pin them by hash."""

import hashlib
import zipfile
from pathlib import Path

ARM64 = "cp313-cp313-manylinux_2_28_aarch64"
X86 = "cp313-cp313-manylinux_2_28_x86_64"
ANY = "py3-none-any"


def library(machine: int = 183) -> bytes:
    """Return the head of a compiled library; machine 183 is arm64, 62 an Intel processor."""
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(44)


def wheel(folder: Path, name: str, tag: str = ANY, files: dict[str, bytes] | None = None) -> Path:
    """Write a wheel of version 1.0 into ``folder``."""
    about = f"{name}-1.0.dist-info"
    members = {
        **(files or {f"{name}/__init__.py": b"VALUE = 1\n"}),
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
        f"{about}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n".encode(),
    }
    listing = "".join(f"{member},,\n" for member in [*members, f"{about}/RECORD"])
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as out:
        for member, content in {**members, f"{about}/RECORD": listing.encode()}.items():
            out.writestr(member, content)
    return path


def house(folder: Path) -> Path:
    """Fill a folder with a package in Python and one compiled for arm64, and pin both."""
    folder.mkdir()
    pin(
        folder / "requirements.txt",
        wheel(folder, "plain"),
        wheel(folder, "fast", ARM64, {"fast.cpython-313-aarch64-linux-gnu.so": library()}),
    )
    return folder


def pin(requirements: Path, *wheels: Path) -> Path:
    """Write requirements that take these wheels and nothing else."""
    lines = [
        f"{path.name.partition('-')[0]}==1.0 \\\n"
        f"    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for path in wheels
    ]
    requirements.write_text("".join(lines))
    return requirements
