# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _durable, _install
from ansible_collections.barellama.fleet.plugins.module_utils._archive import Zstd
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release import current_release
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import (
    ASSET,
    member,
    online,
    release_members,
)

NO_ZSTD = Zstd(lambda name: None, None)


def test_first_release(bed):
    release = bed.archive("0.34.4", asset=ASSET)
    planned = bed.run(release, check=True)
    assert not bed.root.exists()
    result = bed.run(release)
    assert planned == result
    home = bed.root / "releases" / release.id
    size = bed.path("0.34.4", ASSET).stat().st_size
    assert result == {
        "changed": True,
        "release": {
            "id": release.id,
            "version": "0.34.4",
            "sha256": release.sha256,
            "overlays": [],
            "path": str(home),
            "previous": None,
            "proven": False,
            "damaged": [],
        },
        "actions": [
            f"fetch {_durable.human_size(size)} from {bed.path('0.34.4', ASSET)}",
            f"unpack {release.id}",
            f"switch current: none -> {release.id}",
        ],
        "diff": {
            "before_header": str(bed.root),
            "after_header": str(bed.root),
            "before": "current: none\nprevious: none\nproven: none\n",
            "after": f"current: {release.id}\nprevious: none\nproven: none\nrelease: {release.id}\n",
        },
    }
    assert bed.links() == (release.id, None)
    assert os.readlink(bed.root / "current") == f"releases/{release.id}"
    assert (bed.root / "current" / "bin" / "ollama").stat().st_mode & 0o7777 == 0o755
    assert sorted(os.listdir(bed.root)) == [".lock", "current", "downloads", "releases"]
    assert os.listdir(bed.root / "downloads") == []
    record = json.loads((home / ".release.json").read_text())
    files = ("bin/ollama", "lib/ollama/cuda_v13/libggml.so.1")
    assert record == {
        "version": "0.34.4",
        "sha256": release.sha256,
        "asset": ASSET,
        "overlays": {},
        "files": {path: hashlib.sha256((home / path).read_bytes()).hexdigest() for path in files},
        "sizes": {path: (home / path).stat().st_size for path in files},
        "programs": ["bin/ollama"],
        "links": {"lib/ollama/libggml.so": "cuda_v13/libggml.so.1"},
    }


def test_strict_umask_keeps_nobody_out(bed, strict_umask):
    release = bed.archive("0.34.4", asset=ASSET)
    bed.run(release)
    home = bed.root / "releases" / release.id
    directories = [bed.root, bed.root / "releases", home, *(path for path in home.rglob("*") if path.is_dir())]
    assert {str(path): path.stat().st_mode & 0o7777 for path in directories} == dict.fromkeys(
        map(str, directories), 0o755
    )
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o7777 for path in files} == {0o755, 0o644}
    assert not bed.run(release)["changed"]


def test_release_that_nobody_may_enter_is_made_anew(bed, strict_umask):
    release = bed.archive("0.1.0")
    bed.run(release)
    home = bed.root / "releases" / release.id
    home.chmod(0o700)
    home.parent.chmod(0o700)
    assert bed.run(release)["actions"][1:] == [f"mend {release.id}: ."]
    assert [path.stat().st_mode & 0o7777 for path in (home, home.parent)] == [0o755, 0o755]
    assert not bed.run(release)["changed"]


def test_second_call_asks_nobody_and_writes_nothing(bed, site):
    release = bed.archive("0.34.4", asset=ASSET)
    bed.run(release, sources=online(site, release))
    asked, lock = len(site.asked() + site.asked("HEAD")), (bed.root / ".lock").stat().st_mtime_ns
    site.close()
    order = bed.order(release, sources=online(site, release))
    result = _install.reconcile(order, NO_ZSTD, False)
    assert (result["changed"], result["actions"]) == (False, [])
    assert asked == 2
    assert (bed.root / ".lock").stat().st_mtime_ns == lock


def test_check_mode_needs_no_zstd_and_writes_nothing(bed, site):
    release = bed.archive("0.34.4", asset=ASSET)
    result = _install.reconcile(bed.order(release, sources=online(site, release)), NO_ZSTD, True)
    size = _durable.human_size(bed.path("0.34.4", ASSET).stat().st_size)
    assert result["actions"][0] == f"fetch {size} from {site.base_url}/v0.34.4/{ASSET}"
    assert not bed.root.exists()
    assert site.asked() == []


def test_zstd_is_missed_before_anything_is_fetched(bed, site):
    release = bed.archive("0.34.4", asset=ASSET)
    with pytest.raises(FleetError, match="install the distribution's package zstd$"):
        _install.reconcile(bed.order(release, sources=online(site, release)), NO_ZSTD, False)
    assert site.asked() == []


def test_upgrade_rollback_and_retirement(bed):
    one, two, three = (bed.archive(version) for version in ("0.1.0", "0.2.0", "0.3.0"))
    bed.run(one)
    (bed.root / "releases" / "backup").mkdir()
    assert bed.run(two)["release"]["previous"] == one.id
    assert bed.links() == (two.id, one.id)
    assert bed.roll_back(check=True)["changed"] and bed.links() == (two.id, one.id)
    rolled = bed.roll_back()
    assert (rolled["changed"], rolled["release"]["id"], rolled["release"]["version"]) == (True, one.id, "0.1.0")
    assert bed.links() == (one.id, one.id)
    assert not bed.roll_back()["changed"]
    assert bed.run(two)["actions"] == [f"switch current: {one.id} -> {two.id}"]
    result = bed.run(three)
    assert result["actions"][-1] == f"remove release {one.id}"
    assert bed.links() == (three.id, two.id)
    assert sorted(os.listdir(bed.root / "releases")) == [two.id, three.id, "backup"]


def test_proof(bed):
    one, two = bed.archive("0.1.0"), bed.archive("0.2.0")
    bed.run(one)
    planned = bed.prove(check=True)
    assert bed.proven() is None
    proof = bed.prove()
    assert planned == proof
    assert proof["actions"] == [f"switch proven: none -> {one.id}"]
    assert (proof["release"]["id"], proof["release"]["proven"]) == (one.id, True)
    assert os.readlink(bed.root / "proven") == f"releases/{one.id}"
    assert not bed.prove()["changed"]
    assert bed.run(one)["release"]["proven"]
    assert not bed.run(two, "staged")["release"]["proven"]
    assert not bed.run(two)["release"]["proven"]
    assert not current_release(str(bed.root))["proven"]
    bed.prove()
    assert (bed.links(), bed.proven()) == ((two.id, one.id), two.id)
    assert current_release(str(bed.root))["proven"]


def test_what_was_never_proven_is_not_gone_back_to(bed):
    one, two, three = (bed.archive(version) for version in ("0.1.0", "0.2.0", "0.3.0"))
    bed.run(one)
    bed.prove()
    bed.run(two)
    result = bed.run(three)
    assert result["actions"][-2:] == [f"switch current: {two.id} -> {three.id}", f"remove release {two.id}"]
    assert result["release"]["previous"] == one.id
    assert sorted(os.listdir(bed.root / "releases")) == [one.id, three.id]
    rolled = bed.roll_back()
    assert (rolled["release"]["id"], rolled["release"]["proven"]) == (one.id, True)
    assert bed.links() == (one.id, one.id)
    assert not bed.roll_back()["changed"]


def test_staged_then_present(bed):
    one, two = bed.archive("0.1.0"), bed.archive("0.2.0")
    bed.run(one)
    assert bed.run(two, "staged")["release"]["path"] == str(bed.root / "releases" / two.id)
    assert bed.links() == (one.id, None)
    assert not bed.run(two, "staged")["changed"]
    bed.path("0.2.0").unlink()
    assert bed.run(two)["actions"] == [f"switch current: {one.id} -> {two.id}"]


def test_rebuilt_archive_of_the_same_version_is_another_release(bed):
    one = bed.archive("0.1.0")
    bed.run(one)
    two = bed.archive("0.1.0", size=3001)
    bed.run(two)
    assert bed.links() == (two.id, one.id)


@pytest.mark.parametrize("lost", [".release.json", "bin/ollama"])
def test_damaged_release_is_made_anew(bed, lost):
    release = bed.archive("0.1.0")
    bed.run(release)
    (bed.root / "current" / lost).unlink()
    assert bed.run(release)["actions"][1:] == [f"mend {release.id}: {lost}"]
    assert (bed.root / "current" / lost).exists()
    assert not bed.run(release)["changed"]


def test_sum_from_the_site_itself_is_asked_for_once(bed, site):
    release = bed.archive("0.34.4", asset=ASSET)
    bed.path("0.34.4", "sha256sum.txt").write_text(f"{release.sha256}  ./{ASSET}\n")
    unknown = release._replace(sha256=None)
    assert bed.run(unknown, sources=online(site, unknown))["release"]["id"] == release.id
    site.close()
    assert not bed.run(unknown, sources=online(site, unknown))["changed"]


def test_wrong_archive_leaves_nothing(bed):
    release = bed.archive("0.1.0")._replace(sha256="0" * 64)
    with pytest.raises(FleetError, match="it is another file or damaged"):
        bed.run(release)
    assert bed.path("0.1.0").exists()
    assert bed.names() == [".lock", "downloads", "releases"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([member("lib/x", b"x")], "holds no program bin/ollama: give the archive of an Ollama release for Linux"),
        ([member("bin/ollama", b"x")], "holds no program bin/ollama: give the archive of an Ollama release for Linux"),
        (release_members("0.2.0") + [member("../evil", b"x")], "climbs out with '..'"),
    ],
    ids=["no program", "not executable", "evil"],
)
def test_bad_archive_leaves_the_old_release_serving(bed, members, message):
    one = bed.archive("0.1.0")
    bed.run(one)
    before = bed.names()
    with pytest.raises(FleetError, match=message):
        bed.run(bed.archive("0.2.0", members))
    assert bed.names() == before


def test_no_space_to_unpack(bed, monkeypatch):
    release = bed.archive("0.1.0", release_members("0.1.0") + [member("lib/zeros", bytes(10**6))])
    free = [10**9, 10**5]
    monkeypatch.setattr(_durable.shutil, "disk_usage", lambda path: type("Usage", (), {"free": free.pop(0)}))
    with pytest.raises(FleetError, match="to unpack the archive: 1.0 MB needed, 100.0 kB free; make room"):
        bed.run(release)
    assert bed.names() == [".lock", "downloads", "releases"]


def test_no_space_to_fetch(bed, site, monkeypatch):
    release = bed.archive("0.1.0", size=50_000)
    monkeypatch.setattr(_durable.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 250_000}))
    with pytest.raises(FleetError, match="to fetch and unpack the archive: 30.*kB needed, 250.0 kB free; make room"):
        bed.run(release, sources=online(site, release))
    assert bed.names() == [".lock", "downloads", "releases"]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS])
def test_trouble_of_the_disk_is_one_line(bed, monkeypatch, error):
    one, two = bed.archive("0.1.0"), bed.archive("0.2.0")
    bed.run(one)
    before = bed.names()

    def fail(descriptor):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(_durable.os, "fsync", fail)
    with pytest.raises(FleetError) as caught:
        bed.run(two)
    assert str(caught.value) == (
        f"{bed.root}: {os.strerror(error)}: what serves was not touched; mend this and run again,"
        " a rerun picks up from here"
    )
    assert bed.names() == before


def test_current_that_is_no_link_is_left_alone(bed):
    release = bed.archive("0.1.0")
    (bed.root / "current").mkdir(parents=True)
    with pytest.raises(FleetError, match="current is not a symbolic link, and only a link is replaced"):
        bed.run(release)


def test_work_of_the_run_that_was_waited_for_counts(bed, monkeypatch):
    release = bed.archive("0.1.0")
    waited = _install.Installer.lock

    def other_run_first(installer, wait):
        monkeypatch.setattr(_install.Installer, "lock", waited)
        bed.run(release)
        return waited(installer, wait)

    monkeypatch.setattr(_install.Installer, "lock", other_run_first)
    result = bed.run(release)
    assert (result["changed"], result["actions"]) == (False, [])


def test_one_run_at_a_time(bed):
    release = bed.archive("0.1.0")
    bed.root.mkdir(parents=True)
    with _durable.locked(str(bed.root / ".lock"), 0):
        with pytest.raises(FleetError, match=rf"another run \(pid {os.getpid()}\) holds .*\.lock"):
            bed.run(release, lock_wait=0)


FETCHING = """
import sys
from ansible_collections.barellama.fleet.plugins.module_utils._release import Release
from ansible_collections.barellama.fleet.plugins.module_utils._release_source import sources
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.release_bed import Bed

folder, base_url, *release = sys.argv[1:]
release = Release(*release)
Bed(folder).run(release, sources=sources(None, base_url, release, 60))
"""


def test_killed_during_the_download(bed, site):
    one, two = bed.archive("0.1.0"), bed.archive("0.2.0", size=3_000_000)
    bed.run(one)
    site.fail({"stall": 60, "stall_after": 2_000_000, "method": "GET"})
    partial = bed.root / "downloads" / f"{two.sha256}.partial"
    with subprocess.Popen(
        [sys.executable, "-c", FETCHING, bed.folder, site.base_url, two.version, two.asset, two.sha256],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    ) as child:
        while not (partial.exists() and partial.stat().st_size == 2_000_000):
            assert child.poll() is None
        child.kill()
    assert bed.links() == (one.id, None)
    site.fail()
    size = bed.path("0.2.0").stat().st_size
    result = bed.run(two, sources=online(site, two))
    assert result["actions"][0].startswith(f"fetch {_durable.human_size(size - 2_000_000)} from http")
    assert site.asked()[-1] == ("bytes=2000000-", 206, size - 2_000_000)
    assert bed.links() == (two.id, one.id)
    assert not bed.run(two)["changed"]


def test_partial_file_of_another_release_is_removed(bed):
    release = bed.archive("0.1.0")
    bed.run(release)
    stale = bed.root / "downloads" / f"{'0' * 64}.partial"
    stale.write_bytes(b"x")
    assert bed.run(release, check=True)["actions"] == [f"remove leftover downloads/{stale.name}"]
    assert stale.exists()
    assert bed.run(release)["changed"] and not stale.exists()
    assert not bed.run(release)["changed"]
