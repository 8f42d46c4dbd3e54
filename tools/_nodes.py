"""Beds: systemd containers that stand for machines, and beside them the sites that they download from.

A bed is a Docker network barellama-<bed>; its containers are named barellama-<bed>-<node>. Nothing is privileged: what
systemd needs to behave as on a machine is given one by one, and each node sees a pure version 2 cgroup tree.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import _engines
import _shapes
from _bed import CACHE, ROOT, ToolError, alone, need, run, works
from _images import image
from _inventories import write_inventories
from _releases import RELEASES, prepare
from _standin_images import IMAGES, prepare_images
from _vendor import FOLDER, prepare_vendor

PREFIX = "barellama-"
DEFAULT_NODES = ("debian12", "debian13")
SITES_PORT = 5001
START_SECONDS = 60

# SYS_PTRACE lets root in the node read a process's namespaces; NET_ADMIN and the devices serve container methods.
MACHINE = ["--cap-add=SYS_ADMIN", "--cap-add=NET_ADMIN", "--cap-add=MKNOD", "--cap-add=SYS_PTRACE",
           "--device-cgroup-rule=a *:* rwm", "--device=/dev/fuse", "--device=/dev/net/tun",
           "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined",
           "--security-opt=systempaths=unconfined", "--tmpfs=/run", "--tmpfs=/run/lock", "--tmpfs=/tmp:exec",
           "--cgroupns=host", "--stop-signal=SIGRTMIN+3"]


def cgroup_tree() -> str:
    """Where this machine has its version 2 tree: beside the version 1 ones (hybrid layout), or alone."""
    for place in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if Path(place, "cgroup.controllers").exists():
            return place
    raise ToolError("no version 2 cgroup tree on this machine: boot it with systemd.unified_cgroup_hierarchy=1")


def running(bed: str) -> dict[str, str]:
    """Map each running container of a bed, by its short name, to the image it was started from."""
    told = run("docker", "ps", "--filter", f"label=barellama.bed={bed}", "--format", "{{.Names}} {{.Image}}")
    return {name.removeprefix(f"{PREFIX}{bed}-"): tag for name, tag in map(str.split, told.splitlines())}


def up(bed: str, nodes: dict[str, str]) -> None:
    """Start what does not run yet: the network, a node for each name (to system) given, and the sites."""
    network = PREFIX + bed
    if not works("docker", "network", "inspect", network):
        run("docker", "network", "create", network)
    with alone("beds"):  # what beds have in common is made once
        images, there = {node: image(system) for node, system in nodes.items()}, running(bed)
        missing = [node for node in nodes if there.get(node) != images[node]]
        for node in missing:
            start_node(bed, node, nodes[node], images[node])
        checksums = prepare()
        if any(system in _engines.SYSTEMS for system in nodes.values()):
            prepare_images()
        if any(system in _shapes.SYSTEMS for system in nodes.values()):
            prepare_vendor()
    start_sites(bed, image(DEFAULT_NODES[0]))
    for node in missing:
        wait_for_systemd(bed, node)
    write_inventories(folder(bed), {node: f"{network}-{node}" for node in nodes}, let_in(bed, nodes), checksums)


def start_node(bed: str, node: str, system: str, tag: str) -> None:
    """Start one node; its systemd comes up by itself."""
    stores = _engines.VOLUMES if system in _engines.SYSTEMS else []
    start(bed, node, *MACHINE, *stores, f"--volume={cgroup_tree()}:/sys/fs/cgroup:rw", tag)


def start_sites(bed: str, tag: str) -> None:
    """Start registries, blob host and download site; anew each time, as their source may have changed."""
    for place in (IMAGES, FOLDER):
        place.mkdir(parents=True, exist_ok=True)
    start(bed, "sites", "--init", "--network-alias=blobs", f"--volume={ROOT / 'tests'}:/srv/tests:ro",
          f"--volume={RELEASES}:/srv/releases:ro", f"--volume={IMAGES}:/srv/images:ro",
          f"--volume={FOLDER}:/srv/vendor:ro", "--workdir=/srv", "--env=PYTHONDONTWRITEBYTECODE=1", tag,
          "python3", "-m", "tests.standin.sites", "--host=0.0.0.0", f"--port={SITES_PORT}",
          f"--blob-host=blobs:{SITES_PORT}", "--data=/var/lib/sites", "--releases=/srv/releases",
          "--images=/srv/images", "--vendor=/srv/vendor")
    wait_until(lambda: works("docker", "exec", f"{PREFIX}{bed}-sites", "curl", "-s", f"http://sites:{SITES_PORT}/v2/"),
               f"the sites of bed {bed} do not answer: docker logs {PREFIX}{bed}-sites")


def start(bed: str, name: str, *options_image_command: str) -> None:
    """Run one container of a bed in the place of an older one."""
    container = f"{PREFIX}{bed}-{name}"
    works("docker", "rm", "-f", "-v", container)
    run("docker", "run", "-d", f"--name={container}", f"--hostname={name}", f"--network={PREFIX}{bed}",
        f"--network-alias={name}", f"--label=barellama.bed={bed}", *options_image_command)


def wait_for_systemd(bed: str, node: str) -> None:
    """Wait until a node's systemd says that all of it is up."""
    container = f"{PREFIX}{bed}-{node}"
    wait_until(lambda: works("docker", "exec", container, "systemctl", "is-system-running"),
               f"node {node} is not up: docker exec {container} systemctl --failed; docker logs {container}")
    # A process in the node's outermost group keeps containers from enabling controllers there, which would lock us out. Not
    # earlier: systemd moves away what it finds there.
    run("docker", "exec", "-d", container, "sleep", "infinity")


def wait_until(condition, otherwise: str) -> None:
    """Ask until the answer is yes; a node takes seconds to start, so ask often."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise ToolError(otherwise)
        time.sleep(0.2)


def let_in(bed: str, nodes: dict[str, str]) -> Path:
    """Let root in over SSH by a key of the bed's own; return the private key's path."""
    key = folder(bed) / "id_ed25519"
    if not key.exists():
        need("ssh-keygen", "openssh-client")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{PREFIX}{bed}", "-f", key)
    for node in nodes:
        run("docker", "exec", "-i", f"{PREFIX}{bed}-{node}", "sh", "-c", "umask 077 && cat > /root/.ssh/authorized_keys",
            input=key.with_suffix(".pub").read_text())
    return key


def folder(bed: str) -> Path:
    """Return where a bed's key and inventories lie."""
    place = CACHE / "beds" / bed
    place.mkdir(parents=True, exist_ok=True)
    return place


def down(bed: str) -> None:
    """Remove a bed whole: containers with their volumes, network, key."""
    there = run("docker", "ps", "-aq", "--filter", f"label=barellama.bed={bed}").split()
    if there:
        run("docker", "rm", "-f", "-v", *there)
    works("docker", "network", "rm", PREFIX + bed)
    shutil.rmtree(folder(bed))


def beds() -> list[str]:
    """Name the beds that have containers."""
    told = run("docker", "ps", "-a", "--filter", "label=barellama.bed", "--format", '{{.Label "barellama.bed"}}')
    return sorted(set(told.split()))
