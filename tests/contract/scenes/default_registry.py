# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Short names: the default registry, played by a registry with TLS to which its name leads."""

from __future__ import annotations

import subprocess

from tests.standin.sites import Sites

NAME = "registry.ollama.ai"


def play(bed):
    bed.publish("library/tiny", "tiny2", system="v2", line_end=b"\n")
    bed.publish_big()
    certificate = self_signed(bed.directory)
    with Sites(bed.shelf.root, bed.directory, tls=(certificate, certificate)) as sites:
        hosts = {NAME + ":443": sites.address, NAME + ":80": bed.nothing}
        with bed.server(faults={"hosts": hosts}, SSL_CERT_FILE=certificate) as server:
            trusted(bed, server)
        with bed.server(faults={"hosts": hosts}) as server:
            server.play("default-registry-unknown-authority", "default-registry-unknown-authority-nostream")


def trusted(bed, server):
    server.also_known(bed.nothing, "127.0.0.1:80")
    server.play("default-registry-pull", "default-registry-pull-again", "default-registry-pull-tagged",
                "default-registry-tags", "default-registry-show", "default-registry-pull-missing",
                "default-registry-pull-missing-nostream", "default-registry-pull-missing-tag",
                "default-registry-pull-insecure", "default-registry-pull-big", "default-registry-create-from-pulls")
    server.ask("POST", "/api/copy", {"source": "tiny", "destination": "someone/tiny"})
    server.tree("sample-tree")
    server.file("sample-manifest", "manifests/registry.ollama.ai/library/tiny/latest", "manifest")
    server.file("sample-config-blob", "blobs/sha256-af673fb38c20e9bca487154df53765e66046f6a33d6e83d010a6a227c8cfcec2",
                "config")


def self_signed(directory):
    """Return the path of a new certificate, its key in the same file."""
    path = str(directory / "certificate.pem")
    key = str(directory / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=stand-in",
                    "-addext", f"subjectAltName=DNS:{NAME},DNS:localhost", "-keyout", key, "-out", path],
                   check=True, capture_output=True)
    with open(path, "a", encoding="ascii") as certificate, open(key, encoding="ascii") as stream:
        certificate.write(stream.read())
    return path
