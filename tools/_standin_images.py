"""The container images that the beds' registry offers: the stand-in on a small Debian, one for each release."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from _bed import CACHE, ROOT, ToolError, digest, run, say
from _images import image
from _releases import VERSIONS

IMAGES = CACHE / "images"
SYSTEM = "debian13"

# What the true image has of its distribution, as far as anything asks for it, and the interpreter for the stand-in. Its
# library is compiled here, since no package has that, and a container could not keep it: each start would do it anew.
PACKAGES = ("base-files base-passwd netbase libc6 libc-bin bash dash coreutils libtinfo6 libacl1 libattr1 libselinux1 libpcre2-8-0 "
            "libgmp10 libssl3t64 zlib1g libzstd1 libcap2 libsystemd0 libcrypt1 perl-base openssl python3.13-minimal "
            "libpython3.13-minimal libpython3.13-stdlib libexpat1 libffi8 libbz2-1.0 liblzma5 libuuid1")
LEFT_OUT = "/share/(doc|man|locale|lintian|bug)/|/python3.13/(pydoc_data|ensurepip|idlelib)|/gconv/"
PACK = f"""
set -e
dpkg -L {PACKAGES} | grep -vE '^/\\.$|{LEFT_OUT}' > /tmp/files
python3 -m compileall -qf --invalidation-mode unchecked-hash -x '{LEFT_OUT}' /usr/lib/python3.13
find /usr/lib/python3.13 -name '*.pyc' | grep -vE '{LEFT_OUT}' >> /tmp/files
printf '%s\\n' /bin /lib /lib64 /sbin /etc/passwd /etc/group >> /tmp/files
LC_ALL=C sort -u /tmp/files | tar -C / -c --no-recursion --ignore-failed-read --mtime=@1767225600 -T - 2>/dev/null
"""


def prepare_images() -> dict[str, str]:
    """Lay out the images, unless they lie there already; return {tag: digest}."""
    told, stamp, base = IMAGES / "digests.json", IMAGES / "stamp", image(SYSTEM)
    state = digest(*sorted((ROOT / "tests/standin").rglob("*.py")), VERSIONS, PACK, base)
    if not stamp.is_file() or stamp.read_text() != state:
        say("images: packing")
        IMAGES.mkdir(parents=True, exist_ok=True)
        for old in IMAGES.iterdir():  # the folder itself stays: running beds have it mounted
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        told.write_text(json.dumps(pack(base), indent=2))
        stamp.write_text(state)
    return json.loads(told.read_text())


def pack(base: str) -> dict[str, str]:
    """Make all images anew."""
    digests = {}
    with tempfile.TemporaryDirectory(prefix="barellama-images-") as folder:
        root = Path(folder) / "root.tar"
        with open(root, "wb") as tar:
            if subprocess.run(["docker", "run", "--rm", base, "sh", "-c", PACK], stdout=tar, check=False).returncode:
                raise ToolError(f"cannot take a small Debian out of the node image {base}")
        for version, fault in VERSIONS.items():
            said = run(shutil.which("python3"), "-m", "tests.standin.image", "--root", root, "--version", version, "--out", IMAGES,
                       *fault, cwd=ROOT)
            digests |= {name.rpartition(":")[2]: value for value, name in map(str.split, said.splitlines())}
    return digests
