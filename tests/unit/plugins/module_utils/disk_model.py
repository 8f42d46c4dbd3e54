# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model of a file system, to know what is on disk when a run ends at any of its steps.

``recorded`` watches a run in a real directory and notes its steps. A process that is killed leaves what it had done. A
machine that loses its power leaves what was flushed, and of the rest what chance wants: of the changes to directories
any, in spite of their order, and of a file's content a beginning. That is worse than the file systems in use. One thing
is granted, as they all do: a rename is whole, and flushing either of its two directories brings it to disk.
"""

from __future__ import annotations

import os
import stat
from collections import namedtuple
from contextlib import ExitStack, contextmanager
from itertools import count
from unittest import mock

TOP = 0
WATCHED = ("chmod", "fchmod", "fsync", "link", "mkdir", "open", "remove", "rename", "rmdir", "symlink", "unlink")

# Files, links and directories go by numbers, as inodes do; ``takes`` and ``puts`` are names, as (directory, name).
# A file that has not been written to is empty; ``content`` is (mode, bytes), and of a link (mode, target).
Step = namedtuple("Step", "number takes puts content flush", defaults=(None, None, None, False))


class Disk:
    def __init__(self, names, contents):
        self.names = dict(names)
        self.contents = dict(contents)

    def play(self, step):
        if step.takes and self.names.get(step.takes) == step.number:
            del self.names[step.takes]
        if step.puts:
            self.names[step.puts] = step.number
        if step.content:
            self.contents[step.number] = step.content

    def lay_out(self, path, number=TOP):
        """Make what is in the directory ``number`` in the real directory ``path``."""
        for name, found in [(name, found) for (directory, name), found in self.names.items() if directory == number]:
            target, (mode, content) = os.path.join(path, name), self.contents[found]
            if stat.S_ISLNK(mode):
                os.symlink(content, target)
                continue
            if stat.S_ISDIR(mode):
                os.mkdir(target)
                self.lay_out(target, found)
            else:
                with open(target, "wb") as stream:
                    stream.write(content)
            os.chmod(target, stat.S_IMODE(mode))


@contextmanager
def recorded(root):
    """The Recording of what happens below the directory ``root`` meanwhile."""
    recording = Recording(root)
    with ExitStack() as stack:
        for name in WATCHED:
            stack.enter_context(mock.patch.object(os, name, recording.watched(name, getattr(os, name))))
        yield recording
    recording.look()


class Recording:
    def __init__(self, root):
        self._root = os.path.realpath(root)
        self._numbers = {".": TOP}
        self._inodes = {}
        self._fresh = count(TOP + 1)
        self._disk = Disk({}, {})
        self._looking = False
        self.steps = []
        self.look()
        self._before = Disk(self._disk.names, self._disk.contents)
        self.steps = []

    def killed(self, end, dice):
        """The disk after a kill at step ``end``, perhaps in the midst of a write."""
        disk = Disk(self._before.names, self._before.contents)
        for step in self.steps[:end]:
            disk.play(step)
        if end and self.steps[end - 1].content:
            disk.play(_in_part(self.steps[end - 1], dice))
        return disk

    def without_power(self, end, dice):
        """The disk after the loss of power at step ``end``."""
        disk, pending = Disk(self._before.names, self._before.contents), []
        for step in self.steps[:end]:
            if step.puts and step.content:
                # It is there, empty, though its name may be lost.
                disk.contents[step.number] = step.content
                step = step._replace(content=None)
            if not step.flush:
                pending.append(step)
                continue
            due = [each for each in pending if _is_due(each, step.number)]
            settled = {each.takes for each in due} - {None}
            pending = [each for each in pending if each not in due and each.puts not in settled]
            for each in due:
                disk.play(each)
        luck = dice.choice((0, 0.2, 0.5, 0.8))
        for step in pending:
            if dice.random() < luck:
                disk.play(_in_part(step, dice) if step.content else step)
        return disk

    def watched(self, name, real):
        """The function ``os.<name>``, which notes what it does below the root."""

        def call(*arguments, **options):
            if self._looking:
                return real(*arguments, **options)
            self.look()
            flushed = os.readlink(f"/proc/self/fd/{arguments[0]}") if name == "fsync" else None
            places = [self._place(path, options.get("dir_fd")) for path in arguments[:2] if isinstance(path, (str, os.PathLike))]
            result = real(*arguments, **options)
            if flushed:
                self._note(Step(self._numbers[os.path.relpath(flushed, self._root)], flush=True))
            elif name in ("remove", "unlink", "rmdir"):
                self._take(places[0])
            elif name == "rename":
                self._move(*places)
            return result

        return call

    def _place(self, path, dir_fd):
        path = os.fspath(path)
        if dir_fd is not None:
            path = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), path)
        return os.path.relpath(os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)), self._root)

    def look(self):
        """Note what was made and written since the last look."""
        self._looking = True
        for folder, directories, files in os.walk(self._root):
            directories.sort()
            for name in directories + sorted(files):
                self._look_at(os.path.relpath(os.path.join(folder, name), self._root))
        self._looking = False

    def _look_at(self, place):
        path = os.path.join(self._root, place)
        shape = os.lstat(path)
        content = _content(path, shape)
        if place not in self._numbers:
            known = shape.st_ino in self._inodes
            number = self._inodes.setdefault(shape.st_ino, next(self._fresh))
            self._numbers[place] = number
            first = (shape.st_mode, b"") if stat.S_ISREG(shape.st_mode) else content
            self._note(Step(number, puts=self._name(place), content=None if known else first))
        if self._disk.contents[self._numbers[place]] != content:
            self._note(Step(self._numbers[place], content=content))

    def _take(self, place):
        number = self._numbers.pop(place)
        self._note(Step(number, takes=self._name(place)))
        if number not in self._numbers.values():
            # Its inode may be given to another file.
            self._inodes = {inode: found for inode, found in self._inodes.items() if found != number}

    def _move(self, source, target):
        if target in self._numbers:
            over = self._numbers.pop(target)
            self._inodes = {inode: found for inode, found in self._inodes.items() if found != over}
        step = Step(self._numbers[source], takes=self._name(source), puts=self._name(target))
        moved = [place for place in self._numbers if place == source or place.startswith(source + "/")]
        for place in moved:
            self._numbers[target + place[len(source) :]] = self._numbers.pop(place)
        self._note(step)

    def _name(self, place):
        folder, name = os.path.split(place)
        return self._numbers[folder or "."], name

    def _note(self, step):
        self.steps.append(step)
        self._disk.play(step)


def _content(path, shape):
    if stat.S_ISLNK(shape.st_mode):
        return shape.st_mode, os.readlink(path)
    if stat.S_ISREG(shape.st_mode):
        with open(path, "rb") as stream:
            return shape.st_mode, stream.read()
    return shape.st_mode, b""


def _is_due(step, number):
    """Whether flushing ``number`` brings the step to disk."""
    written = step.number == number and step.content
    return written or number in [directory for directory, _name in filter(None, (step.takes, step.puts))]


def _in_part(step, dice):
    """The step as far as it came; only the bytes of a file come one after the other."""
    mode, content = step.content
    return step._replace(content=(mode, content[: dice.randrange(len(content) + 1)])) if stat.S_ISREG(mode) else step
