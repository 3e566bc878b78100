"""MiniLM in eight bits: close to what it was, the same for a text wherever it stands, and from either kind of file."""

from __future__ import annotations

import json
import platform
import struct
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stellwerk import plugins
from stellwerk.embedders import minilm
from stellwerk.embedders.minilm import MiniLm, Settings, weights, wire
from stellwerk.embedders.minilm.wire import BadFile, Node, Tensor
from stellwerk.errors import ConfigurationError

QUESTIONS = ("How do I cancel my subscription?", "How can I end my subscription?", "What is the weather in Paris?")


@cache
def embedder() -> MiniLm:
    built = minilm.build(Settings())
    assert isinstance(built, MiniLm)
    return built


def safetensors(path: Path, arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]) -> Path:
    """A file with these floats."""
    header, at = {}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": (at, at + array.nbytes)}
        at += array.nbytes
    told = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(told)) + told)
        for array in arrays.values():
            file.write(array.astype("<f4").tobytes())
    return path


def floats() -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """The package's weights, as floats under their authors' names; matrices the other way round."""
    found = weights.read(minilm._packaged())
    names = [
        f"embeddings.{each}.weight" for each in ("word_embeddings", "token_type_embeddings", "position_embeddings")
    ]
    arrays = {name: found.floats(name) for name in names}
    norms = ["embeddings.LayerNorm"]
    for number in range(weights.LAYERS):
        layer = f"encoder.layer.{number}"
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        for each in weights.LINEAR:
            matrix = found.matrix(f"{layer}.{each}.weight", 0)
            arrays[f"{layer}.{each}.weight"] = (matrix.values * matrix.scale).T
            arrays[f"{layer}.{each}.bias"] = found.floats(f"{layer}.{each}.bias")
    for norm in norms:
        for each in ("weight", "bias"):
            arrays[f"{norm}.{each}"] = found.floats(f"{norm}.{each}")
    return arrays


def test_what_means_the_same_lies_close() -> None:
    rows = embedder().embed(QUESTIONS)
    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    cosines = rows @ rows.T
    # What the model gives in floats of 32 bits: .876, -.054, -.071.
    assert cosines[0, 1] == pytest.approx(0.876, abs=0.02)
    assert cosines[0, 2] == pytest.approx(-0.054, abs=0.03)
    assert cosines[1, 2] == pytest.approx(-0.071, abs=0.03)


def test_a_vector_depends_on_its_text_alone() -> None:
    together = embedder().embed((*QUESTIONS, "x " * 500, ""))
    for text, row in zip((*QUESTIONS, "x " * 500, ""), together, strict=True):
        assert np.array_equal(embedder().embed([text])[0], row)
    assert embedder().embed([]).shape == (0, 384)


def test_both_ends_of_a_long_text_count() -> None:
    middle = " and so on" * 500
    one, other, third = embedder().embed(
        [f"my card {middle} is lost", f"my card {middle} is here", f"my card {middle}"]
    )
    assert one @ other < 0.9999
    assert one @ third < 0.9999


def test_text_that_utf8_cannot_hold_has_a_vector() -> None:
    assert np.isfinite(embedder().embed(["\ud800 a"])).all()


def test_weights_in_floats_are_made_small_the_same_way(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "model.safetensors", floats())
    built = plugins.build("embedders", "minilm", {"weights": str(path)})
    assert isinstance(built, MiniLm)
    cosines = (built.embed(QUESTIONS) * embedder().embed(QUESTIONS)).sum(axis=1)
    assert (cosines > 0.999).all()


def test_the_packages_weights_are_those_that_were_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "model.onnx"
    other.write_bytes(minilm._packaged().read_bytes() + b"\0")
    monkeypatch.setattr(minilm, "_packaged", lambda: other)
    with pytest.raises(ConfigurationError, match="SHA-256"):
        minilm.build(Settings())


def test_without_the_extra_it_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package")
    with pytest.raises(ModuleNotFoundError, match="'semantic'"):
        minilm.build(Settings())


SMALL = {
    "embeddings.word_embeddings.weight": np.ones((4, 384), np.float32),
    "embeddings.token_type_embeddings.weight": np.ones((2, 384), np.float32),
    "embeddings.position_embeddings.weight": np.ones((512, 384), np.float32),
    "embeddings.LayerNorm.weight": np.ones(384, np.float32),
    "embeddings.LayerNorm.bias": np.ones(384, np.float32),
    "encoder.layer.0.attention.self.query.weight": np.ones((384, 384), np.float32),
}


def refusal(path: Path) -> str:
    """Why a file is refused."""
    with pytest.raises(ConfigurationError) as refused:
        minilm.build(Settings(weights=str(path)))
    return str(refused.value)


@pytest.mark.parametrize("name", SMALL)
def test_a_model_without_some_of_its_weights_is_refused(name: str, tmp_path: Path) -> None:
    path = safetensors(tmp_path / "file", {key: value for key, value in SMALL.items() if key != name})
    assert f"{name} cannot be read" in refusal(path)


@pytest.mark.parametrize("name", [name for name in SMALL if name.count(".") != 2 or "word" in name])
def test_a_model_of_another_shape_is_refused(name: str, tmp_path: Path) -> None:
    path = safetensors(tmp_path / "file", {**SMALL, name: np.ones((7, 7), np.float32)})
    assert "shape (7, 7)" in refusal(path)


def test_another_embedding_norm_is_refused(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "file", {**SMALL, "embeddings.LayerNorm.bias": np.ones(7, np.float32)})
    assert "shape (7,)" in refusal(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no such file", "field"),
        (struct.pack("<Q", 99) + b"{}", "does not end"),
        (struct.pack("<Q", 2) + b"{x", "cannot be read"),
        (struct.pack("<Q", 2) + b"{}", "cannot be read"),
    ],
    ids=["empty", "text", "cut off", "no JSON", "nothing in it"],
)
def test_a_file_that_is_no_such_model_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    assert reason in refusal(_written(tmp_path, content))
    assert "No such file" in refusal(tmp_path / "nowhere")


def _written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def test_floats_of_another_kind_are_refused(tmp_path: Path) -> None:
    name = "embeddings.LayerNorm.weight"
    header = json.dumps({name: {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    found = weights.read(_written(tmp_path, struct.pack("<Q", len(header)) + header + b"12"))
    with pytest.raises(BadFile, match="BF16"):
        found.floats(name)


def test_a_graph_that_is_written_is_read() -> None:
    nodes = [Node("Add", ("a", "b"), ("c",), {"axis": -1, "epsilon": 1e-12, "axes": [1, 300]}, "own")]
    tensors = [Tensor("b", (2, 300), wire.FLOAT, b"\1" * 2_400), Tensor("q", (3,), wire.INT8, None)]
    model = memoryview(wire.model(nodes, tensors, {"a": (1, "n")}, {"c": (1, "n")}, {"": 17, "own": 1}))
    read_nodes, read_tensors = wire.graph(model)
    assert read_nodes == [Node("Add", ("a", "b"), ("c",))]
    assert read_tensors["b"] == Tensor("b", (2, 300), wire.FLOAT, b"\1" * 2_400)
    assert read_tensors["q"].shape == (3,)
    assert [number for number, _ in wire.fields(model)] == [1, 7, 8, 8]


@pytest.mark.parametrize(
    "content",
    [b"\x3a", b"\x3a\x05ab", b"\x3b", b"\xff" * 11, b"\x3a\x02\x0a\x05", b"\x3a\x02\x2a\x80"],
    ids=bytes.hex,
)
def test_a_file_that_ends_too_soon_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile):
        wire.graph(memoryview(content))


def test_fields_of_every_kind_are_read_over() -> None:
    content = memoryview(b"\x08\x07" + b"\x11" + bytes(8) + b"\x1d" + bytes(4) + b"\x22\x01x")
    assert [
        (number, bytes(value) if isinstance(value, memoryview) else value) for number, value in wire.fields(content)
    ] == [
        (1, 7),
        (2, bytes(8)),
        (3, bytes(4)),
        (4, b"x"),
    ]
    shape = memoryview(b"\x0a\x03\x02\xac\x02\x10\x01\x42\x01n")
    assert wire.tensor(shape) == Tensor("n", (2, 300), wire.FLOAT, b"")


@pytest.mark.parametrize("flags", ["flags\t: fpu avx512_vnni", "flags\t: fpu avx2", "", None])
def test_sums_are_exact_on_every_processor(flags: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    if flags is not None:
        path.write_text(flags)
    monkeypatch.setattr(minilm, "CPUINFO", path)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert minilm._multiplies_exactly() is ("vnni" in (flags or ""))
    built = minilm.build(Settings())
    assert (built.embed(QUESTIONS) * embedder().embed(QUESTIONS)).sum(axis=1) == pytest.approx(1, abs=0.01)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert minilm._multiplies_exactly()


def test_its_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"model": "x"}, Settings)
