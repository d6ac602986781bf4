"""The sandbox's memory: whole after a kill, and nothing of a unit of writes that failed."""

from pathlib import Path

import pytest

from syncd.sandbox.store import Documents


def test_what_was_written_is_there_after_a_restart_in_its_order(tmp_path: Path) -> None:
    first = Documents(tmp_path / "s.db")
    first.collection("a").put_all([("z", {"n": 1}), ("b", {"n": "ü"})])
    first.collection("a").put("c", {"n": 3})
    first.collection("a").remove("b")
    first.collection("a").put("z", {"n": 4})
    first.collection("b").put("z", {"other": True})
    # No close: a killed process does not close its file either.
    second = Documents(tmp_path / "s.db")
    assert [(key, second.collection("a").get(key)) for key in second.collection("a")] == [
        ("z", {"n": 4}),
        ("c", {"n": 3}),
    ]
    assert second.collection("b").get("z") == {"other": True}
    first.close()
    second.close()


@pytest.mark.parametrize("kept", [True, False])
def test_a_unit_of_writes_that_fails_leaves_nothing(tmp_path: Path, kept: bool) -> None:  # noqa: FBT001
    documents = Documents(tmp_path / "s.db" if kept else None)
    things = documents.collection("things")
    things.put("old", {"n": 1})

    def fail_half_way() -> None:
        with documents.write():
            things.put("old", {"n": 2})
            things.put("new", {"n": 3})
            things.remove("old")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert list(things.values()) == [{"n": 1}]
    things.put("after", {"n": 5})
    documents.close()
    if kept:
        again = Documents(tmp_path / "s.db")
        assert list(again.collection("things")) == ["old", "after"]
        again.close()


def test_reads_after_close_come_from_memory(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "s.db")
    documents.collection("a").put("k", {"n": 1})
    documents.close()
    documents.close()
    assert documents.collection("a").get("k") == {"n": 1}
    assert "k" in documents.collection("a")
    assert len(documents.collection("a")) == 1
