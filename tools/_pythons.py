"""Which Python interpreters this machine has."""

from __future__ import annotations

import os
from pathlib import Path

from _bed import works

# Succeeds where environments can be made, and in an interpreter itself rather than in an environment.
TRIAL = "import ensurepip, sys, venv; sys.exit(sys.prefix != sys.base_prefix)"


def candidates(versions: tuple[str, ...]) -> list[Path]:
    """List what may be an interpreter of these versions ("3.12"), best version first: PATH, then what pyenv keeps off it."""
    places = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    places += sorted((pyenv / "versions").glob("3.*/bin"), reverse=True)
    named = [place / f"python{version}" for version in versions for place in places]
    return [candidate for candidate in dict.fromkeys(named) if candidate.is_file()]


def interpreters(*versions: str) -> dict[str, Path]:
    """Map each of the versions found to an interpreter that really runs and can make environments.

    A pyenv shim is on PATH for every version installed but only runs for the selected one, or for an environment
    of ours that it finds further down PATH: hence the trial.
    """
    found: dict[str, Path] = {}
    for candidate in candidates(versions):
        version = candidate.name.removeprefix("python")
        if version not in found and works(candidate, "-c", TRIAL):
            found[version] = candidate
    return found
