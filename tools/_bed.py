"""What the tools share: where things are, and how to run a program quietly."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
COLLECTIONS = CACHE / "collections"


class ToolError(Exception):
    """One line for the person at the terminal: what is wrong and what to do."""


def say(text: str) -> None:
    """Tell what is being done, at once and on the error stream, so that results stay alone on standard output."""
    print(text, file=sys.stderr, flush=True)


def run(*argv, quiet: bool = True, **options) -> str:
    """Run a program and return its standard output; when it fails, show what it said and stop."""
    command = [str(word) for word in argv]
    done = subprocess.run(command, text=True, capture_output=quiet, check=False, **options)
    if done.returncode:
        said = "".join(filter(None, (done.stdout, done.stderr))).strip()
        raise ToolError(f"{' '.join(command[:6])} ... ended with {done.returncode}\n{said}".rstrip())
    return done.stdout or ""


def works(*argv) -> bool:
    """Whether a program ends well; what it says is of no interest."""
    try:
        return subprocess.run(argv, capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


@contextmanager
def alone(what: str):
    """Wait until no other process does this."""
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / f"{what}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def need(command: str, package: str | None = None) -> None:
    """Make sure that a program of the distribution is there: install it as root, else say how."""
    package = package or command
    if shutil.which(command):
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise ToolError(f"{command} is missing: install the package {package} (apt-get install {package})")
    with alone("packages"):  # images that are built side by side need the same
        if not shutil.which(command):
            say(f"setup: package {package}")
            add_package(package)


def add_package(package: str) -> None:
    """Install a package of the distribution, after a look at the mirror's lists where it is not known."""
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", package]
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if not works(*install):
        run("apt-get", "update", "-qq", env=quietly)
        run(*install, env=quietly)


def digest(*parts) -> str:
    """Hash texts and the contents of files (Path) into one short key; of a folder only its path counts."""
    seen = hashlib.sha256()
    for part in parts:
        seen.update(part.read_bytes() if isinstance(part, Path) and part.is_file() else str(part).encode())
        seen.update(b"\0")
    return seen.hexdigest()[:16]


def main(verb, *arguments) -> None:
    """Run a tool's verb; an error ends it with one line instead of a traceback."""
    try:
        verb(*arguments)
    except ToolError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
