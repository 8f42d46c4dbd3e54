"""Node images: a Debian with systemd, as a machine has it after its installer has run, and nothing of ours."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import _engines
import _shapes
from _bed import ToolError, digest, need, run, say, works

SUITES = {"debian12": "bookworm", "debian13": "trixie"}
PACKAGES = ["systemd", "systemd-sysv", "dbus", "python3", "python3-apt", "sudo", "iproute2", "procps", "ca-certificates",
            "curl", "openssh-server"]
PULL_SECONDS = 120

# Units that only make sense on a machine with a console, disks and a kernel of its own; and every node is someone.
FINISH = """
set -e
ln -sf /dev/null /etc/systemd/system/systemd-udevd.service
ln -sf /dev/null /etc/systemd/system/console-getty.service
ln -sf /dev/null /etc/systemd/system/getty.target
: > /etc/machine-id
rm -f /etc/hostname
mkdir -p -m 0700 /root/.ssh
"""
COMMAND = ['CMD ["/sbin/init"]', "ENV container=docker"]


def image(system: str) -> str:
    """Return the tag of a system's node image, built first unless this very recipe was built before."""
    if system in _engines.SYSTEMS:
        return on_top(system, *_engines.SYSTEMS[system], _engines.FINISH)
    if system in _shapes.SYSTEMS:
        return on_top(system, *_shapes.SYSTEMS[system])
    if system not in SUITES:
        raise ToolError(f"no node image {system!r}; there are {', '.join([*SUITES, *_engines.SYSTEMS, *_shapes.SYSTEMS])}")
    tag = f"barellama-node:{system}-{digest(SUITES[system], *PACKAGES, FINISH, *COMMAND)}"
    if not works("docker", "image", "inspect", tag):
        base = f"debian:{SUITES[system]}-slim"
        if pulled(base):
            say(f"node image: {system} from {base}")
            from_image(base, tag, install(PACKAGES) + FINISH)
        else:
            say(f"node image: {system} from the distribution's mirror")
            from_mirror(SUITES[system], tag)
    return tag


def on_top(system: str, base_system: str, packages: tuple[str, ...], finish: str) -> str:
    """Return the tag of a node image that is another one with more packages and files."""
    base = image(base_system)
    installed = f"barellama-packages:{system}-{digest(base, *packages)}" if packages else base
    tag = f"barellama-node:{system}-{digest(installed, finish, *COMMAND)}"
    if not works("docker", "image", "inspect", tag):
        say(f"node image: {system} from {base_system}")
        if not works("docker", "image", "inspect", installed):  # the slow part, apart from what is written after it
            from_image(base, installed, install(packages))
        from_image(installed, tag, finish)
    return tag


def pulled(base: str) -> bool:
    """Whether a registry gives the base image in reasonable time."""
    if works("docker", "image", "inspect", base):
        return True
    try:
        return subprocess.run(["docker", "pull", "-q", base], capture_output=True, check=False,
                              timeout=PULL_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def install(packages: list[str] | tuple[str, ...]) -> str:
    """Return the script that installs packages."""
    return f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {' '.join(packages)} && apt-get clean"


def from_image(base: str, tag: str, script: str) -> None:
    """Run a script in an image and keep the result."""
    name = f"barellama-image-{os.getpid()}-{digest(tag)}"
    try:
        run("docker", "run", "--name", name, "-e", "DEBIAN_FRONTEND=noninteractive", base, "sh", "-ec", script)
        run("docker", "commit", *[f"--change={line}" for line in COMMAND], name, tag)
    finally:
        works("docker", "rm", "-f", name)


def from_mirror(suite: str, tag: str) -> None:
    """Build the root from the distribution's packages and import it."""
    need("mmdebstrap")
    with tempfile.TemporaryDirectory(prefix="barellama-image-") as folder:
        root = Path(folder) / "root.tar"
        run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}",
            "--aptopt=Acquire::Languages \"none\"", "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
            f"--customize-hook=chroot \"$1\" sh -c '{FINISH}'", suite, root)
        run("docker", "import", *[f"--change={line}" for line in COMMAND], root, tag)
