"""A real copy of the collection for ansible-test, which refuses a checkout reached through a symbolic link."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from _bed import CACHE, ROOT, ToolError, run

# ansible-test keeps its environments and an SSH key below the home folder, and makes them without a lock: one home for each stage.
HOMES = CACHE / "ansible-test-homes"

# ansible-test bootstraps pip with a script from its project's own host. All it wants of that is pip and a few
# packages in a fresh environment, which Python itself and the package registry can give.
GET_PIP = '''\
import subprocess
import sys
subprocess.check_call([sys.executable, "-m", "ensurepip", "--upgrade", "--default-pip"], stdout=subprocess.DEVNULL)
packages = [word for word in sys.argv[1:] if "==" in word]
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
'''


def stage(name: str) -> Path:
    """Copy every file that git tracks or would track to a stage of this name; what is gone since then goes there too."""
    there = CACHE / "stage" / name / "ansible_collections/barellama/fleet"
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    shutil.rmtree(there, ignore_errors=True)
    for file in filter(None, listed):
        source, target = ROOT / file, there / file
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    # Without a repository of its own the copy would belong to the checkout around it, which ignores .cache.
    run("git", "init", "-q", there)
    return there


def environment(name: str, *interpreters: Path) -> dict[str, str]:
    """Return what ansible-test runs in: the stage's own home, and PATH with these interpreters and no pyenv shims.

    A shim for a version that is not selected is found but does not run, which ansible-test takes for a failed test.
    """
    home = HOMES / name
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    for script in ("get_pip_25_2.py", "get_pip_24_2.py"):
        (cache / script).write_text(GET_PIP)
    pip_cache = run("python3", "-m", "pip", "cache", "dir").strip()
    path = [ROOT / ".venv/bin", *(interpreter.parent for interpreter in interpreters)]
    path += [place for place in os.environ["PATH"].split(os.pathsep) if not place.endswith("/shims")]
    return {**os.environ, "HOME": str(home), "PIP_CACHE_DIR": pip_cache, "PATH": os.pathsep.join(map(str, path))}


def ansible_test(name: str, *arguments: str, interpreters: tuple[Path, ...] = ()) -> str:
    """Run ansible-test in a fresh stage and return its output; a failure shows the end of it."""
    done = subprocess.run(["ansible-test", *arguments], cwd=stage(name), env=environment(name, *interpreters), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        (CACHE / f"{name}.log").write_text(done.stdout)
        print(*done.stdout.splitlines()[-60:], sep="\n", file=sys.stderr)
        raise ToolError(f"ansible-test {' '.join(arguments[:2])} failed; all of its output is in .cache/{name}.log")
    return done.stdout
