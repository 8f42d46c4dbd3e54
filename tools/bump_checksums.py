# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Add a version's sha256 sums to the table of known releases.

    python3 tools/bump_checksums.py 0.35.0 ~/Downloads/sha256sum.txt
    python3 tools/bump_checksums.py 0.35.0 https://github.com/ollama/ollama/releases/download/v0.35.0/sha256sum.txt

A sum that the table has already gains a source. One that differs from the table's is refused: upstream changed a
release, or somebody did. With --replace it takes the place of the old one, and both stay under "conflicts".
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.request
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "roles/ollama/files/release-checksums.json"
ARCHIVE = r"ollama-linux-(?:amd64(?:-rocm|-mlx)?|arm64(?:-jetpack[56])?)\.tar\.zst"
LINE = re.compile(rf"([0-9a-f]{{64}}) [ *](?:\./)?({ARCHIVE})")
VERSION = re.compile(r"\d+\.\d+\.\d+")


class BumpError(Exception):
    """Told in one line."""


def parse(sums):
    """{asset: sha256} of the archives for Linux and their overlays in the text of a sha256sum.txt."""
    found = {match[2]: match[1] for match in map(LINE.fullmatch, sums.splitlines()) if match}
    if not found:
        raise BumpError("no sums of ollama-linux-amd64.tar.zst or -arm64 there: is it a release's sha256sum.txt?")
    return found


def add(table, version, sums, source, replace=False):
    """Put the sums {asset: sha256} of ``version`` into ``table``, changing it in place."""
    known = table["releases"].setdefault(version, {})
    for asset, sha256 in sorted(sums.items()):
        entry = known.setdefault(asset, {"sha256": sha256, "sources": []})
        if entry["sha256"] != sha256:
            if not replace:
                raise BumpError(
                    f"{version} {asset}: the table has {entry['sha256']}, {source} says {sha256};"
                    " find out why before you --replace it"
                )
            claims = {entry["sha256"]: entry["sources"], sha256: [source]}
            table["conflicts"].append({"version": version, "asset": asset, "claims": claims})
            known[asset] = entry = {"sha256": sha256, "sources": []}
        if source not in entry["sources"]:
            entry["sources"].append(source)
    table["releases"] = dict(sorted(table["releases"].items(), key=lambda item: [int(n) for n in item[0].split(".")]))


def read(place):
    if "://" in place:
        with urllib.request.urlopen(place, timeout=60) as answer:
            return answer.read().decode("utf-8")
    return Path(place).read_text(encoding="utf-8")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="X.Y.Z")
    parser.add_argument("sums", help="a sha256sum.txt: file or URL")
    parser.add_argument("--source", help="who says so (default: the release's own sha256sum.txt)")
    parser.add_argument("--replace", action="store_true", help="let a different sum replace the table's")
    parser.add_argument("--table", type=Path, default=TABLE, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        if not VERSION.fullmatch(options.version):
            raise BumpError(f"version {options.version!r} is not X.Y.Z")
        table = json.loads(options.table.read_text(encoding="utf-8"))
        sums = parse(read(options.sums))
        add(table, options.version, sums, options.source or "the release's own sha256sum.txt", options.replace)
    except (BumpError, OSError, UnicodeError) as error:
        sys.exit(f"bump_checksums: {error}")
    options.table.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    for asset, sha256 in sums.items():
        print(f"{options.version} {asset} {sha256}")


if __name__ == "__main__":
    main()
