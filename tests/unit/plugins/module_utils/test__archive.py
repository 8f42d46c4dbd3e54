# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import stat
import tarfile

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _archive
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import (
    host_zstd,
    member,
    release_members,
    write_archive,
    write_tar,
)


def unpack(tmp_path, members):
    """Unpack in a place of its own; returns (sums, tree)."""
    tar = write_tar(str(tmp_path / "archive.tar"), members)
    tree = tmp_path / "room" / "tree"
    tree.mkdir(parents=True)
    unpacked = _archive.Tree(str(tree))
    unpacked.unpack(tar)
    unpacked.seal()
    return unpacked.sums, tree


def link(name, target):
    return member(name, kind=tarfile.SYMTYPE, target=target, mode=0o777)


def hard_link(name, target):
    return member(name, kind=tarfile.LNKTYPE, target=target)


def test_release_is_unpacked_with_plain_modes(tmp_path, strict_umask):
    sums, tree = unpack(tmp_path, release_members("0.34.4"))
    files = {path: (tree / path).read_bytes() for path in ("bin/ollama", "lib/ollama/cuda_v13/libggml.so.1")}
    assert sums == {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    assert os.readlink(tree / "lib/ollama/libggml.so") == "cuda_v13/libggml.so.1"
    modes = {str(path.relative_to(tree)): stat.S_IMODE(path.lstat().st_mode) for path in tree.rglob("*")}
    assert modes == {
        "bin": 0o755,
        "bin/ollama": 0o755,
        "lib": 0o755,
        "lib/ollama": 0o755,
        "lib/ollama/libggml.so": 0o777,
        "lib/ollama/cuda_v13": 0o755,
        "lib/ollama/cuda_v13/libggml.so.1": 0o644,
    }
    assert {path.lstat().st_uid for path in tree.rglob("*")} == {os.geteuid()}


def test_leading_dots_directories_twice_and_hard_links(tmp_path):
    sums, tree = unpack(
        tmp_path,
        [
            member("./", kind=tarfile.DIRTYPE, mode=0o700),
            member("./lib/", kind=tarfile.DIRTYPE),
            member("./lib", kind=tarfile.DIRTYPE),
            member("./lib/a", b"content"),
            hard_link("./lib/b", "./lib/a"),
        ],
    )
    assert sums == {"lib/a": hashlib.sha256(b"content").hexdigest(), "lib/b": hashlib.sha256(b"content").hexdigest()}
    assert (tree / "lib/a").samefile(tree / "lib/b")
    assert stat.S_IMODE(tree.stat().st_mode) == 0o755


OUT = "nothing was installed; check where the archive is from"
REFUSALS = {
    "climbs out": ([member("../evil", b"x")], "archive member '../evil' climbs out with '..'"),
    "climbs out later": ([member("lib/../../evil", b"x")], "archive member 'lib/../../evil' climbs out with '..'"),
    "absolute": ([member("/tmp/evil", b"x")], "archive member '/tmp/evil' is an absolute path"),
    "link out": (
        [link("lib/evil", "../../evil")],
        "archive member 'lib/evil' is a link out of the release, to '../../evil'",
    ),
    "absolute link": (
        [link("evil", "/etc/passwd")],
        "archive member 'evil' is a link out of the release, to '/etc/passwd'",
    ),
    "link out by way of a link": (
        [link("a/b/top", "../.."), link("evil", "a/b/top/../../evil")],
        "archive member 'evil' is a link out of the release, to 'a/b/top/../../evil'",
    ),
    "through a link": (
        [link("lib", ".."), member("lib/evil", b"x")],
        "archive member 'lib/evil' would be written through a link or a file",
    ),
    "through a file": (
        [member("lib", b""), member("lib/evil", b"x")],
        "archive member 'lib/evil' would be written through a link or a file",
    ),
    "over a link": (
        [link("evil", "../evil"), member("evil", b"x")],
        "archive member 'evil' would replace another member",
    ),
    "over a file": ([member("a", b"x"), member("./a", b"y")], "archive member './a' would replace another member"),
    "link over a directory": (
        [member("lib/a", b"x"), link("lib", "..")],
        "archive member 'lib' would replace another member",
    ),
    "file as top": ([member(".", b"x")], "archive member '.' would replace another member"),
    "hard link out": (
        [hard_link("evil", "../../etc/passwd")],
        "archive member 'evil' is a hard link to '../../etc/passwd', which is no file of the archive",
    ),
    "hard link to a link": (
        [link("a", "b"), hard_link("evil", "a")],
        "archive member 'evil' is a hard link to 'a', which is no file of the archive",
    ),
    "device": (
        [member("dev", kind=tarfile.CHRTYPE)],
        "archive member 'dev' is a device, a pipe, a sparse file or something else that is no plain file",
    ),
    "block device": (
        [member("dev", kind=tarfile.BLKTYPE)],
        "archive member 'dev' is a device, a pipe, a sparse file or something else that is no plain file",
    ),
    "pipe": (
        [member("pipe", kind=tarfile.FIFOTYPE)],
        "archive member 'pipe' is a device, a pipe, a sparse file or something else that is no plain file",
    ),
    "terabytes that take no space in the archive": (
        [member("bomb", kind=tarfile.GNUTYPE_SPARSE)],
        "archive member 'bomb' is a device, a pipe, a sparse file or something else that is no plain file",
    ),
    "setuid": ([member("bin/su", b"x", mode=0o4755)], "archive member 'bin/su' is setuid or setgid"),
    "setgid": ([member("bin/sg", b"x", mode=0o2755)], "archive member 'bin/sg' is setuid or setgid"),
    "record": (
        [member("./.release.json", b"{}")],
        "archive member './.release.json' takes the name of the release's own record",
    ),
}


@pytest.mark.parametrize(("members", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_member_refused_and_nothing_written_outside(tmp_path, members, message):
    with pytest.raises(FleetError) as caught:
        unpack(tmp_path, [member("bin/ollama", b"fine", mode=0o755)] + members)
    assert str(caught.value) == f"{message}: {OUT}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive.tar", "room"]
    assert [path.name for path in (tmp_path / "room").iterdir()] == ["tree"]


def test_torn_tar(tmp_path):
    tar = tmp_path / "archive.tar"
    write_tar(str(tar), [member("a", b"x" * 5000)])
    tar.write_bytes(tar.read_bytes()[:2000])
    (tmp_path / "tree").mkdir()
    with pytest.raises(FleetError, match="^the archive is damaged.*bring it to the host again$"):
        _archive.Tree(str(tmp_path / "tree")).unpack(str(tar))


@pytest.mark.parametrize("name", ["archive.tar.zst", "archive.tgz", "download"])
def test_compression_is_told_by_content(tmp_path, name):
    archive = tmp_path / name
    write_archive(archive, release_members("0.34.4"))
    _archive.decompress(str(archive), str(tmp_path / "tar"), host_zstd())
    with tarfile.open(tmp_path / "tar") as tar:
        assert "bin/ollama" in tar.getnames()


@pytest.mark.parametrize("name", ["archive.tar.zst", "archive.tgz"])
def test_damaged_archive(tmp_path, name):
    archive = tmp_path / name
    write_archive(archive, release_members("0.34.4"))
    archive.write_bytes(archive.read_bytes()[:-700])
    with pytest.raises(FleetError, match=f"{name} .*(damaged|premature|unexpected|end).*again$"):
        _archive.decompress(str(archive), str(tmp_path / "tar"), host_zstd())


def test_neither_zstd_nor_gzip(tmp_path):
    archive = tmp_path / "page.html"
    archive.write_text("<html>")
    with pytest.raises(FleetError) as caught:
        _archive.decompress(str(archive), str(tmp_path / "tar"), host_zstd())
    assert str(caught.value) == f"{archive} is neither zstd nor gzip: give the .tar.zst or .tgz of an Ollama release"


def test_zstd_missing():
    with pytest.raises(FleetError) as caught:
        _archive.Zstd(lambda name: None, None).demand()
    assert str(caught.value) == (
        "zstd is not on this host and the archive needs it: install the distribution's package zstd"
    )
