"""The releases that the beds' download site offers: stand-ins, or a real archive given by hand."""

from __future__ import annotations

import json
import os
import platform
import shutil
from pathlib import Path

from _bed import CACHE, ROOT, ToolError, digest, need, run, say

RELEASES = CACHE / "releases"
# Upgrade from, to, one that ends at once, and one that never comes up.
VERSIONS = {"0.32.15": (), "0.34.4": (), "0.34.5": ("--fault", "exit"), "0.34.6": ("--fault", "hang")}
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def given_archive() -> tuple[Path, str] | None:
    """Return the real archive asked for by OLLAMA_ARCHIVE and OLLAMA_VERSION, if one is."""
    path, version = os.environ.get("OLLAMA_ARCHIVE"), os.environ.get("OLLAMA_VERSION")
    if not path:
        return None
    if not version:
        raise ToolError("OLLAMA_ARCHIVE needs OLLAMA_VERSION beside it, such as OLLAMA_VERSION=0.34.4")
    archive = Path(path).expanduser().resolve()
    if not archive.is_file():
        raise ToolError(f"OLLAMA_ARCHIVE: no file {archive}")
    return archive, version


def prepare() -> dict[str, dict[str, str]]:
    """Lay out the releases, unless they lie there already; return {version: {"amd64": sha256, "arm64": sha256}}."""
    given = given_archive()
    told = RELEASES / "checksums.json"
    state = digest(*sorted((ROOT / "tests/standin").rglob("*.py")), VERSIONS, given, given and given[0].stat().st_mtime_ns)
    stamp = RELEASES / "stamp"
    if not stamp.is_file() or stamp.read_text() != state:
        pack(given)
        told.write_text(json.dumps({version: checksums(version) for version in offered(given)}, indent=2))
        stamp.write_text(state)
    return json.loads(told.read_text())


def offered(given: tuple[Path, str] | None) -> list[str]:
    """List the versions on offer."""
    return sorted({*VERSIONS, *([given[1]] if given else [])})


def pack(given: tuple[Path, str] | None) -> None:
    """Make all archives anew."""
    need("zstd")
    say("releases: packing")
    RELEASES.mkdir(parents=True, exist_ok=True)
    for old in RELEASES.iterdir():  # the folder itself stays: running beds have it mounted
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for version, fault in VERSIONS.items():
        run(shutil.which("python3"), "-m", "tests.standin.pack", "--version", version, "--out", RELEASES, *fault, cwd=ROOT)
    if given:
        lay_in(*given)


def lay_in(archive: Path, version: str) -> None:
    """Put a real archive in the place of the stand-in's."""
    suffix = ".tgz" if archive.name.endswith((".tgz", ".tar.gz")) else ".tar.zst"
    folder = RELEASES / f"v{version}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    asset = folder / f"ollama-linux-{ARCHITECTURES[platform.machine()]}{suffix}"
    shutil.copyfile(archive, asset)
    (folder / "sha256sum.txt").write_text(f"{run('sha256sum', asset).split()[0]}  ./{asset.name}\n")


def checksums(version: str) -> dict[str, str]:
    """Read a version's checksums by architecture, base archives only."""
    found = {}
    for line in (RELEASES / f"v{version}/sha256sum.txt").read_text().splitlines():
        value, name = line.split()
        for architecture in ARCHITECTURES.values():
            if name.startswith(f"./ollama-linux-{architecture}.t"):
                found[architecture] = value
    return found
