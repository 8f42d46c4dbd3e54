"""Virtual machines: nodes with a kernel of their own, for what a container cannot do: load modules, restart, Secure Boot.

One is a process of QEMU with a folder in .cache/vms, which has its inventory (ssh.json), its console and its monitor. It starts
from an image as the nodes' are made, writes beside it, and all that it wrote goes with it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from _bed import CACHE, ToolError, add_package, alone, digest, need, run, say, works
from _images import PACKAGES, SUITES
from _inventories import by_ssh, write

FOLDER, IMAGES = CACHE / "vms", CACHE / "vm-images"
KEY = IMAGES / "id_ed25519"
# The last line is what takes long to install where every instruction is emulated.
MACHINE = [*PACKAGES, "linux-image-amd64", "initramfs-tools", "zstd", "udev", "kmod", "e2fsprogs", "shim-signed", "grub-efi-amd64-signed", "mokutil",
           "linux-headers-amd64", "dkms", "gcc", "make"]
DISK = "12G"  # as far as it goes: what is not written takes no room
FIRMWARE = Path("/usr/share/OVMF")
START_SECONDS = {True: 120, False: 1800}  # with KVM, and where every instruction is emulated
PROCESSOR = {True: ["-accel", "kvm", "-cpu", "max"], False: ["-accel", "tcg,thread=multi", "-cpu", "Nehalem"]}

# QEMU's own network gives out this address. GRUB starts the newest kernel, as the distribution's links name it.
FINISH = """
set -e
printf '[Match]\\nName=e*\\n[Network]\\nAddress=10.0.2.15/24\\nGateway=10.0.2.2\\n' > /etc/systemd/network/10-only.network
systemctl enable -q systemd-networkd
systemctl disable -q systemd-networkd-wait-online
echo nameserver 10.0.2.3 > /etc/resolv.conf
echo 'LABEL=root / ext4 defaults 0 1' > /etc/fstab
echo node > /etc/hostname
sed -i s/^MODULES=.*/MODULES=list/ /etc/initramfs-tools/initramfs.conf
printf '%s\n' virtio_pci virtio_blk ext4 >> /etc/initramfs-tools/modules
update-initramfs -u -k all >/dev/null
systemctl mask -q getty.target serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer
mkdir -p /etc/systemd/system.conf.d && printf '[Manager]\nDefaultTimeoutStartSec=15min\n' > /etc/systemd/system.conf.d/slow.conf
: > /etc/machine-id
mkdir -p -m 0700 /root/.ssh
"""
GRUB = """search --no-floppy --label root --set=root
linux /vmlinuz root=LABEL=root ro console=ttyS0 panic=5
initrd /initrd.img
boot
"""
BOOT_FILES = {"BOOTX64.EFI": "usr/lib/shim/shimx64.efi.signed", "mmx64.efi": "usr/lib/shim/mmx64.efi.signed",
              "grubx64.efi": "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"}


def up(name: str, system: str = "debian13", secure_boot: bool = False) -> Path:
    """Start a machine unless it runs, wait until it lets root in, and return its inventory."""
    place, fast = FOLDER / name, kvm()
    if process(place):
        return place / "ssh.json"
    prepare()
    with alone("vm-images"):
        disk = image(system)
    down(name)
    place.mkdir(parents=True)
    if not fast:
        say("vm: no KVM here that runs any kernel, so the machine is emulated: minutes for what takes seconds")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with open(place / "qemu.log", "wb") as log:
        started = subprocess.Popen(command(place, disk, port, secure_boot, fast), cwd=place, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, "TMPDIR": str(place)})
    (place / "pid").write_text(f"{started.pid}\n")
    host = by_ssh("127.0.0.1", KEY, ansible_port=port, ansible_timeout=120)
    write(place / "ssh.json", {"gpu": {"hosts": {name: host}}})
    deadline = time.monotonic() + START_SECONDS[fast]
    while not works(*ssh(host), "systemctl is-system-running --wait"):
        if started.poll() is not None or time.monotonic() > deadline:
            raise ToolError(f"the machine {name} is not up: see qemu.log and console in {place}; tools/vm down {name}")
        time.sleep(0.5)
    return place / "ssh.json"


def kvm() -> bool:
    """Whether the processor runs machines. There is a kind of KVM, for clouds, that runs only kernels made for it."""
    return os.access("/dev/kvm", os.W_OK) and any(Path("/sys/module", name).is_dir() for name in ("kvm_intel", "kvm_amd"))


def ssh(host: dict) -> list[str]:
    """The command that runs one line of shell on a machine of an inventory."""
    return ["ssh", *host["ansible_ssh_common_args"].split(), "-o", "ConnectTimeout=60", "-o", "BatchMode=yes", "-p", str(host["ansible_port"]), "-i",
            host["ansible_ssh_private_key_file"], f"{host['ansible_user']}@{host['ansible_host']}"]


def command(place: Path, disk: Path, port: int, secure_boot: bool, fast: bool) -> list[str]:
    """QEMU's command line. Its files are named from its folder, since a socket's path has to be short."""
    shutil.copy(FIRMWARE / f"OVMF_VARS_4M{'.ms' if secure_boot else ''}.fd", place / "efivars.fd")
    locked = ["-global", "driver=cfi.pflash01,property=secure,value=on"] if secure_boot else []
    return [
        "qemu-system-x86_64", "-name", place.name, "-machine", f"q35,smm={'on' if secure_boot else 'off'}", *locked,
        *PROCESSOR[fast], "-smp", "2", "-m", "2048", "-display", "none", "-nodefaults",
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE}/OVMF_CODE_4M{'.secboot' if secure_boot else ''}.fd",
        "-drive", "if=pflash,unit=1,format=raw,file=efivars.fd",
        "-drive", f"if=virtio,format=raw,snapshot=on,file={disk}",
        "-drive", f"if=virtio,format=raw,readonly=on,file=fat:{disk.with_suffix('')}",
        "-nic", f"user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", "virtio-rng-pci",
        "-serial", "file:console", "-monitor", "unix:monitor,server=on,wait=off",
    ]


def prepare() -> None:
    """What this needs of the distribution."""
    for command, package in (("qemu-system-x86_64", "qemu-system-x86"), ("mmdebstrap", None), ("mke2fs", "e2fsprogs"), ("ssh-keygen", "openssh-client")):
        need(command, package)
    if not (FIRMWARE / "OVMF_VARS_4M.ms.fd").is_file():
        say("setup: package ovmf")
        add_package("ovmf")


def image(system: str) -> Path:
    """Return a system's disk, with a folder beside it that the firmware starts from; made first unless this very recipe was made before."""
    if system not in SUITES:
        raise ToolError(f"no image of a machine {system!r}; there are {', '.join(SUITES)}")
    IMAGES.mkdir(parents=True, exist_ok=True)
    if not KEY.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "barellama-vm", "-f", KEY)
    disk = IMAGES / f"{system}-{digest(SUITES[system], *MACHINE, FINISH, GRUB, DISK, KEY.with_suffix('.pub'))}.ext4"
    if not disk.exists():
        say(f"vm image: {system} from the distribution's mirror")
        make(SUITES[system], disk)
    return disk


def make(suite: str, disk: Path) -> None:
    """Build the root from the distribution's packages and put it on a disk."""
    with tempfile.TemporaryDirectory(prefix="barellama-vm-") as folder:
        root, made, finish = (Path(folder) / name for name in ("root", "disk", "finish"))
        finish.write_text(FINISH)
        run("mmdebstrap", "--quiet", "--variant=minbase", "--format=directory", f"--include={','.join(MACHINE)}",
            "--aptopt=Acquire::Languages \"none\"", "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--dpkgopt=force-unsafe-io", f"--customize-hook=chroot \"$1\" sh -s < {finish}",
            f"--customize-hook=upload {KEY}.pub /root/.ssh/authorized_keys", suite, root)
        start = disk.with_suffix("") / "EFI/BOOT"
        start.mkdir(parents=True, exist_ok=True)
        for name, path in BOOT_FILES.items():
            shutil.copyfile(root / path, start / name)
        for place in (start, start.parent / "debian"):  # the latter is where the signed GRUB looks
            place.mkdir(exist_ok=True)
            (place / "grub.cfg").write_text(GRUB)
        # Debian 12's GRUB does not read the newest features of the file system.
        run("mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum_seed,^orphan_file", "-L", "root", "-d", root, made, DISK)
        run("cp", "--sparse=always", made, disk.with_suffix(".new"))
        disk.with_suffix(".new").rename(disk)


def process(place: Path) -> int | None:
    """The process of a machine, if it is still that one."""
    try:
        pid = int((place / "pid").read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if b"-name" in words and words[words.index(b"-name") + 1] == place.name.encode() else None


def down(name: str) -> None:
    """End a machine and forget all of it."""
    place = FOLDER / name
    pid = process(place)
    if pid:
        os.kill(pid, signal.SIGKILL)
        while process(place):
            time.sleep(0.05)
    if place.exists():
        shutil.rmtree(place)


def machines() -> list[str]:
    """Name those that run."""
    return sorted(place.name for place in FOLDER.glob("*") if process(place))


def monitor(name: str, line: str) -> None:
    """Say one line to QEMU's monitor, such as ``system_reset`` or ``sendkey ret``."""
    where = os.open(running(name), os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as told:
            told.connect(f"/proc/self/fd/{where}/monitor")
            told.settimeout(10)
            for words in ("", f"{line}\n"):  # it begins with a prompt
                told.sendall(words.encode())
                while not told.recv(4096).endswith(b"(qemu) "):
                    pass
    finally:
        os.close(where)


def host_of(name: str) -> dict:
    """How Ansible reaches a machine."""
    return json.loads((running(name) / "ssh.json").read_text())["gpu"]["hosts"][name]


def running(name: str) -> Path:
    """The folder of a machine that runs."""
    if not process(FOLDER / name):
        raise ToolError(f"no machine {name} runs; start it: tools/vm up {name}")
    return FOLDER / name
