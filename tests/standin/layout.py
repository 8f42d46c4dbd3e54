# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lies where in upstream's release archives, as data: names, modes, links; contents are placeholders.

As upstream packs them: no leading ``./``, no entries for bin, lib and lib/ollama themselves, but one for each
directory of libraries.
"""

from __future__ import annotations

import random
import tarfile
from collections import namedtuple

ARCHES = ("amd64", "arm64")
LIB = "lib/ollama/"
HELPER = b"#!/bin/sh\necho 'this is a stand-in: there is no inference engine' >&2\nexit 1\n"

Member = namedtuple("Member", "name type mode content target")


def asset(version, arch, suffix=""):
    """Name of an archive; ``suffix`` is that of an overlay, such as ``-rocm``."""
    return "ollama-linux-%s%s.%s" % (arch, suffix, "tar.zst" if _number(version) >= (0, 14, 0) else "tgz")


def archives(version, arch, program, padding=0):
    """Return {suffix: members} for the base archive ("") and the overlays of that version and machine.

    ``program`` is the content of bin/ollama; ``padding`` bytes that do not compress go into the base.
    """
    number = _number(version)
    overlays = {"-jetpack5": "cuda_jetpack5", "-jetpack6": "cuda_jetpack6"}
    if arch == "amd64":
        overlays = {"-rocm": "rocm_v7_2" if number >= (0, 30, 0) else "rocm"}
        if number >= (0, 23, 1):
            overlays["-mlx"] = "mlx_cuda_v13"
    result = {suffix: list(_overlay(name, version)) for suffix, name in overlays.items()}
    result[""] = list(_base(number, version, arch, program, padding))
    return result


def _base(number, version, arch, program, padding):
    yield _file("bin/ollama", program, 0o755)
    if number >= (0, 30, 0):
        yield _file(LIB + "llama-server", HELPER, 0o755)
        yield _file(LIB + "llama-quantize", HELPER, 0o755)
    yield from _library("", "libggml-base.so", ".0", ".0.0", version)
    for cpu in ("haswell", "skylakex") if arch == "amd64" else ("armv8.0_1", "armv8.6_1"):
        yield _file(LIB + "libggml-cpu-%s.so" % cpu, _placeholder(cpu, version))
    for cuda in ("12", "13"):
        folder = "cuda_v%s/" % cuda
        yield _folder(folder)
        yield from _library(folder, "libcublas.so", "." + cuda, ".0.0", version)
        yield _file(LIB + folder + "libggml-cuda.so", _placeholder(folder, version))
    if arch == "amd64":
        yield _folder("vulkan/")
        yield _file(LIB + "vulkan/libggml-vulkan.so", _placeholder("vulkan", version))
    if padding:
        yield _file(LIB + "libpadding.so", random.Random(version + arch).randbytes(padding))


def _overlay(name, version):
    folder = name + "/"
    yield _folder(folder)
    yield _file(LIB + folder + "libggml-%s.so" % name.split("_")[0], _placeholder(name, version))
    if name == "mlx_cuda_v13":
        # Libraries that the base archive has already are links into it.
        yield _link(LIB + folder + "libcublas.so.13", "../cuda_v13/libcublas.so.13")
        yield _folder("include/")
        yield _file(LIB + "include/mlx.h", b"/* stand-in */\n")


def _library(folder, name, major, rest, version):
    """Yield a shared library and the links by which it is found."""
    real = name + major + rest
    yield _file(LIB + folder + real, _placeholder(name, version))
    yield _link(LIB + folder + name + major, real)
    yield _link(LIB + folder + name, name + major)


def _file(name, content, mode=0o644):
    return Member(name, tarfile.REGTYPE, mode, content, "")


def _folder(name):
    return Member(LIB + name, tarfile.DIRTYPE, 0o755, b"", "")


def _link(name, target):
    return Member(name, tarfile.SYMTYPE, 0o777, b"", target)


def _placeholder(name, version):
    return ("stand-in for %s of %s\n" % (name, version)).encode("ascii")


def _number(version):
    return tuple(int(part) for part in version.partition("-")[0].split("."))
