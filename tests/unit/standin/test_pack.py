# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Release archives: layout, names, checksums, and the program in them."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from ansible_collections.barellama.fleet.tests.standin import layout, pack

needs_zstd = pytest.mark.skipif(not shutil.which("zstd"), reason="needs the program zstd")


@pytest.fixture
def package(tmp_path):
    """A package in the place of the stand-in server: it prints its version and its arguments."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "__main__.py").write_text(
        "import pkgutil, sys\nprint(pkgutil.get_data(__package__, 'VERSION').decode(), *sys.argv[1:])\n")
    return folder


@pytest.mark.parametrize("version, arch, assets", [
    ("0.13.5", "amd64", [".tgz", "-rocm.tgz"]),
    ("0.14.0", "amd64", [".tar.zst", "-rocm.tar.zst"]),
    ("0.34.4", "amd64", [".tar.zst", "-mlx.tar.zst", "-rocm.tar.zst"]),
    ("0.34.4-rc1", "arm64", [".tar.zst", "-jetpack5.tar.zst", "-jetpack6.tar.zst"]),
])
def test_the_assets_of_a_version(version, arch, assets):
    made = [layout.asset(version, arch, suffix) for suffix in layout.archives(version, arch, b"")]
    assert sorted(made) == sorted("ollama-linux-" + arch + rest for rest in assets)


def test_overlays_hold_nothing_but_their_own_directories():
    archives = layout.archives("0.34.4", "amd64", b"")
    assert {member.name.split("/")[2] for member in archives["-rocm"]} == {"rocm_v7_2"}
    assert {member.name.split("/")[2] for member in archives["-mlx"]} == {"mlx_cuda_v13", "include"}


@needs_zstd
def test_an_archive_as_tar_reads_it(tmp_path, package):
    sums = pack.pack("0.34.4", tmp_path, ["amd64"], package=package)
    folder = tmp_path / "v0.34.4"
    assert (folder / "sha256sum.txt").read_text() == "".join(
        "%s  ./%s\n" % (hashlib.sha256((folder / name).read_bytes()).hexdigest(), name) for name in sorted(sums))
    plain = subprocess.run(["zstd", "-dc", str(folder / "ollama-linux-amd64.tar.zst")], capture_output=True, check=True)
    (tmp_path / "plain.tar").write_bytes(plain.stdout)
    with tarfile.open(str(tmp_path / "plain.tar")) as archive:
        members = {member.name: member for member in archive.getmembers()}
    owners = {(member.uid, member.gid, member.uname, member.gname) for member in members.values()}
    assert owners == {(0, 0, "root", "root")}
    assert members["bin/ollama"].mode == members["lib/ollama/llama-server"].mode == 0o755
    assert {"lib/ollama/cuda_v12", "lib/ollama/cuda_v13", "lib/ollama/vulkan"} <= set(members)
    assert not {"bin", "lib", "lib/ollama", "."} & set(members), "as upstream packs: parents are left to the reader"
    assert members["lib/ollama/libggml-base.so"].linkname == "libggml-base.so.0"


@needs_zstd
def test_packing_again_gives_the_same_bytes(tmp_path, package):
    first = pack.pack("0.34.4", tmp_path / "a", ["arm64"], padding_mb=1, package=package)
    assert pack.pack("0.34.4", tmp_path / "b", ["arm64"], padding_mb=1, package=package) == first
    assert (tmp_path / "a" / "v0.34.4" / "ollama-linux-arm64.tar.zst").stat().st_size > 1 << 20


def test_a_missing_zstd_is_told(tmp_path, package, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pack.PackError, match="the program zstd is missing"):
        pack.pack("0.34.4", tmp_path, package=package)


@pytest.mark.parametrize("fault, argument, status, output", [
    (None, "--version", 0, "0.34.4 --version\n"),
    (None, "serve", 0, "0.34.4 serve\n"),
    ("wrong-version", "serve", 0, "0.0.1 serve\n"),
    ("exit", "--version", 0, "0.34.4 --version\n"),
    ("exit", "serve", 1, ""),
    ("hang", "serve", None, ""),
])
def test_the_program_runs_from_one_file(tmp_path, package, fault, argument, status, output):
    program = tmp_path / "ollama"
    program.write_bytes(pack.executable("0.34.4", fault, package))
    program.chmod(0o755)
    try:
        ended = subprocess.run(
            [str(program), argument], capture_output=True, text=True, check=False, timeout=0.5 if status is None else 10)
    except subprocess.TimeoutExpired:
        assert status is None, "it hangs"
    else:
        assert (ended.returncode, ended.stdout) == (status, output)


def test_a_server_that_hangs_catches_sigterm_and_dies_of_it(tmp_path, package):
    """Caught, because the kernel gives a container's first process no other way to be ended by it."""
    program = tmp_path / "ollama"
    program.write_bytes(pack.executable("0.34.4", "hang", package))
    program.chmod(0o755)
    deadline = time.monotonic() + 10
    server = subprocess.Popen([str(program), "serve"])
    try:
        while not caught(server.pid) >> (signal.SIGTERM - 1) & 1:
            assert time.monotonic() < deadline, "SIGTERM is not caught"
        server.terminate()
        assert server.wait(10) == -signal.SIGTERM
    finally:
        server.kill()
        server.wait()


def caught(pid):
    """The signals that a process catches, one bit each."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("SigCgt:")), 16)
