import gc

import pytest

from harness_ext.importing import spool
from harness_ext.importing.record import Record
from harness_ext.importing.spool import Lines, Packed, Spool, pack, unpack


@pytest.mark.parametrize("held", [0, 40, 1 << 20])
def test_members_are_found_in_any_order_wherever_they_lie(monkeypatch, held):
    monkeypatch.setattr(spool, "_HELD", held)
    members = [f"{number} " + "é" * number for number in range(50)]
    one, other = Spool(members[:20]), Spool[str]()
    for member in members[20:]:
        other.append(member)
    one.extend(other)
    one.extend(["a list too"])
    assert list(one) == [*members, "a list too"]
    assert one[-1] == "a list too"
    assert [one[place] for place in (49, 0, 25, 25)] == [members[place] for place in (49, 0, 25, 25)]
    assert one[3:6] == members[3:6]
    handed = unpack(pack(one.packed([7, 3])))
    assert isinstance(handed, Packed)
    assert list(handed) == [members[7], members[3]]
    with pytest.raises(IndexError):
        one[51]


def test_a_record_is_the_same_when_it_comes_back():
    record = Record(
        "file, line 1",
        ("one", "two"),
        (0.5, None),
        "why?",
        golds=("2",),
        document={"a": [1]},
        document_number=3,
        encrypted=True,
    )
    assert unpack(pack(record)) == record


def test_lines_come_as_they_were_written_and_the_file_goes_with_the_last_spool():
    lines, beside = Lines(), Spool([1, 2])
    lines.append(b"a\nb\n", 2)
    lines.append(b"c\n", 1)
    assert (b"".join(lines), lines.n) == (b"a\nb\nc\n", 3)
    assert len(spool._shared) == 1
    del lines, beside
    gc.collect()
    assert len(spool._shared) == 0
