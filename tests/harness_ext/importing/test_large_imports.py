"""Much is read and graded by several processes, and comes to the same files as by one."""

import json
import pickle

import pytest

from benchmarks.scale import SHAPES, import_rows, write_import
from harness_ext.importing import ReadSource, import_runs, imports, spool
from synth.errors import StylerepError
from synth.processes.workers import Workers
from synth.responses import Fields
from synth.rows import Line, read_rows, rows_of, unread_rows


def written(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "rows.jsonl"
    path.write_text("\n\n".join(json.dumps(row) for row in import_rows(450)), encoding="utf-8")
    return path


def test_several_processes_write_what_one_writes(source, tmp_path, monkeypatch):
    one = import_runs([source], tmp_path / "one")
    monkeypatch.setattr(imports, "_WORTH_A_POOL", 0)
    monkeypatch.setattr(imports, "processor_cores", lambda: 2)
    two = import_runs([source], tmp_path / "two")
    assert written(tmp_path / "one") == written(tmp_path / "two")
    assert [task.n for task in two.tasks] == [226, 112, 112]
    assert [task.accuracy for task in one.tasks] == [task.accuracy for task in two.tasks]
    assert one.notes == two.notes


class Handed(Workers):
    """Hands pieces and results over as to another process, and stays in this one."""

    def each(self, work, pieces):
        return (pickle.loads(pickle.dumps(work(pickle.loads(pickle.dumps(piece))))) for piece in pieces)  # noqa: S301


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "rows"])
def test_every_shape_of_rows_comes_to_the_same_in_pieces(shape, tmp_path, monkeypatch):
    files = write_import(shape, 240, tmp_path / "source")
    one = import_runs(files, tmp_path / "one")
    monkeypatch.setattr(imports, "Workers", Handed)
    monkeypatch.setattr(spool, "_HELD", 20_000)
    two = import_runs(files, tmp_path / "two")
    assert written(tmp_path / "one") == written(tmp_path / "two")
    assert one.notes == two.notes
    assert len(two.tasks) == 3 * (4 if shape in ("draws", "lists") else 1)


def test_an_error_names_the_first_line_of_many(source, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "_WORTH_A_POOL", 0)
    monkeypatch.setattr(imports, "processor_cores", lambda: 2)
    lines = source.read_text(encoding="utf-8").splitlines()
    broken = tmp_path / "broken.jsonl"
    broken.write_text(
        "\n".join([*lines[:201], '{"question": "why", "answer": "1"}', "{", *lines[201:]]), encoding="utf-8"
    )
    with pytest.raises(StylerepError, match=r"broken\.jsonl, line 203: this is not valid JSON"):
        import_runs([broken], tmp_path / "out")
    broken.write_text(broken.read_text(encoding="utf-8").replace("\n{\n", "\n"), encoding="utf-8")
    with pytest.raises(StylerepError, match=r"broken\.jsonl, line 202: no field is known to hold a response"):
        import_runs([broken], tmp_path / "out", reading=ReadSource(Fields(correct="correct")))
    assert not (tmp_path / "out").exists()


def test_lines_are_cut_into_pieces_by_number_and_size(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(json.dumps({"text": "x" * size}) + "\n" for size in (1, 2, 3, 4, 2_000_000, 5)),
        encoding="utf-8",
    )
    pieces = list(unread_rows(path, 3))
    assert [len(piece) for piece in pieces] == [3, 2, 1]
    assert all(isinstance(line, Line) for piece in pieces for line in piece)
    assert [row for piece in pieces for row in rows_of(piece)] == list(read_rows(path))
