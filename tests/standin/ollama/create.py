# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating a model from files in the store or from another model."""

from __future__ import annotations

from . import disk, envconfig, gguf, gojson, names
from .errors import GoError
from .models import Model, human_number
from .pull import existing_manifest, pull

MEDIA = "application/vnd.ollama.image."
CONFIG_MEDIA = "application/vnd.docker.container.image.v1+json"
MANIFEST_MEDIA = "application/vnd.docker.distribution.manifest.v2+json"
QUANTIZATIONS = ("F32", "F16", "Q4_K_S", "Q4_K_M", "Q8_0")
OF_CONFIG = ("renderer", "parser", "requires")
UNQUANTIZED = ("F16", "BF16", "F32")


class Builder:
    """Collects the layers of a new model."""

    def __init__(self, store):
        self.store = store
        self.layers = []
        self.statuses = []
        self.config = {}

    def add(self, kind, pieces):
        """Store a layer's bytes and put it at the end."""
        digest, size, new = self.store.add_blob(pieces)
        self._append({"mediaType": MEDIA + kind, "digest": digest, "size": size}, "creating new" if new else None)

    def keep(self, layer, base):
        """Take over a layer of the model ``base``; its file gets a new date, so that pruning leaves it alone."""
        disk.touch(self.store.blob(layer["digest"]))
        plain = {key: layer[key] for key in ("mediaType", "digest", "size")}
        self._append(dict(plain, **{"from": base.short}), None)

    def drop(self, kind):
        kept = [pair for pair in zip(self.layers, self.statuses) if pair[0]["mediaType"] != MEDIA + kind]
        self.layers = [layer for layer, _status in kept]
        self.statuses = [status for _layer, status in kept]

    def replace_text(self, kind, text):
        self.drop(kind)
        self.add(kind, [text.encode("utf-8")])

    def _append(self, layer, verb):
        self.layers.append(layer)
        self.statuses.append(f"{verb or 'using existing'} layer {layer['digest']}")

    def manifest(self):
        """Store the config and return the manifest's bytes."""
        data = gojson.encode(self.config, ordered=True) + b"\n"
        digest, size, _new = self.store.add_blob([data])
        return gojson.encode({"schemaVersion": 2, "mediaType": MANIFEST_MEDIA,
                              "config": {"mediaType": CONFIG_MEDIA, "digest": digest, "size": size},
                              "layers": self.layers}, ordered=True) + b"\n"


def check(request):
    """Refuse what needs no look at the store: absolute file names, missing digests."""
    for path, digest in (request.get("files") or {}).items():
        if path.startswith("/") or ".." in path.split("/"):
            raise GoError("file path must be relative", 400)
        if not digest:
            raise GoError("invalid digest format", 400)


def create(store, name, request, report, gone):
    """Build the model ``name`` as ``request`` says; ``report`` takes the status lines, the last being success."""
    builder = Builder(store)
    old = existing_manifest(store, name)
    parameters = dict(request.get("parameters") or {})
    quantization = (request.get("quantize") or request.get("quantization") or "").upper()
    if request.get("from"):
        base = _base(store, request["from"], report, gone)
        parameters = dict(base.parameters(), **parameters)
        _from_model(builder, base, quantization, report)
    elif request.get("files") is not None:
        _from_files(builder, request["files"], quantization, report)
    else:
        raise GoError("neither 'from' or 'files' was specified", 400)
    _check_adapters(store, request.get("adapters") or {})
    builder.config = {**builder.config, **{key: request[key] for key in OF_CONFIG if request.get(key)}}
    _add_texts(builder, request, parameters)
    raw = builder.manifest()
    for status in builder.statuses:
        report({"status": status})
    report({"status": "writing manifest"})
    store.write_manifest(name, raw)
    if old and not envconfig.boolean("OLLAMA_NOPRUNE"):
        store.remove_unused(old)
    report({"status": "success"})


def _base(store, text, report, gone):
    """Return the model that ``from`` names, pulled where it is missing."""
    name = store.existing(names.parse(text))
    try:
        return Model(store, name)
    except FileNotFoundError:
        pull(store, name, False, lambda line: line["status"] != "success" and report(line), gone)
        return Model(store, name)


def _from_model(builder, base, quantization, report):
    builder.config = base.config
    for layer in base.manifest.layers:
        if quantization and layer is base.weights:
            if quantization not in QUANTIZATIONS:
                raise _unsupported(quantization)
            if base.config.get("file_type") not in UNQUANTIZED:
                raise GoError("quantization is only supported for F16, BF16 and F32 models")
            _add_weights(builder, base.header(), quantization, report)
        else:
            builder.keep(layer, base.name)


def _from_files(builder, files, quantization, report):
    if not files:
        raise GoError("unknown type", 400)
    report({"status": "parsing GGUF"})
    for digest in files.values():
        path = _file_format(builder.store, digest)
        if quantization and quantization not in QUANTIZATIONS:
            raise _unsupported(quantization)
        _add_weights(builder, gguf.Model(path), quantization, report)


def _add_weights(builder, header, quantization, report):
    report({"status": "verifying conversion"})
    builder.add("model", gguf.rewrite(header, quantization or None))
    builder.config = {"model_format": "gguf", "model_family": header.architecture,
                      "model_families": [header.architecture], "model_type": human_number(header.parameter_count),
                      "file_type": quantization or header.file_type, "architecture": "amd64", "os": "linux"}


def _add_texts(builder, request, parameters):
    """Add template, system, licences, parameters and messages; what is empty leaves the base's as it is."""
    if request.get("template"):
        _check_template(request["template"])
        builder.replace_text("template", request["template"])
    if request.get("system"):
        builder.replace_text("system", request["system"])
    licenses = request.get("license") or []
    for text in [licenses] if isinstance(licenses, str) else licenses:
        builder.add("license", [text.encode("utf-8")])
    if parameters:
        builder.drop("params")
        builder.add("params", [gojson.encode(parameters) + b"\n"])
    if request.get("messages"):
        builder.drop("messages")
        builder.add("messages", [gojson.encode(request["messages"], ordered=True) + b"\n"])


def _check_adapters(store, adapters):
    for digest in adapters.values():
        try:
            _file_format(store, digest)
        except GoError as error:
            raise GoError(str(error), 400) from None


def _file_format(store, digest):
    """Return the path of a blob that must be a GGUF file."""
    try:
        path = store.blob(digest)
    except GoError as error:
        raise GoError(str(error)) from None
    if disk.read_file(path, 4) != b"GGUF":
        raise GoError("supplied file was not in GGUF format", 400)
    return path


def _check_template(text):
    if text.count("{{") != text.count("}}"):
        raise GoError("template error: template: :1: unclosed action", 400)


def _unsupported(quantization):
    known = ", ".join(QUANTIZATIONS)
    return GoError(f"unsupported quantization type {quantization} - supported types are {known}")
