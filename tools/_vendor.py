"""The mock vendor's repositories, which the beds' sites serve below /vendor: built once, in a container that has the tools."""

from __future__ import annotations

import json
import shutil

from _bed import CACHE, ROOT, alone, digest, run, say
from _images import image
from _shapes import VENDOR

FOLDER = CACHE / "vendor"
SOURCES = ROOT / "tests/standin/vendor"


def prepare_vendor() -> dict:
    """Lay the repositories out, unless they lie there already; return where they are and whose keys are good."""
    builder = image("el9")
    state = digest(*sorted(path for path in SOURCES.rglob("*") if "__pycache__" not in path.parts), builder)
    with alone("vendor"):
        stamp = FOLDER / "stamp"
        if not stamp.is_file() or stamp.read_text() != state:
            say("vendor: packing")
            FOLDER.mkdir(parents=True, exist_ok=True)
            for old in FOLDER.iterdir():  # the folder itself stays: running beds have it mounted
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            run("docker", "run", "--rm", f"--volume={ROOT / 'tests'}:/srv/tests:ro", f"--volume={FOLDER}:/out", "--workdir=/srv",
                "--env=PYTHONDONTWRITEBYTECODE=1", builder, "python3", "-m", "tests.standin.vendor.build", "--out=/out")
            stamp.write_text(state)
    return {"url": VENDOR, "fingerprints": json.loads((FOLDER / "fingerprints.json").read_text())}
