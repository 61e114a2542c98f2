import pytest

from mathcode.core import atomic


def test_a_file_appears_whole_in_a_new_folder(tmp_path):
    path = tmp_path / "new/file.txt"
    with atomic.writing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    atomic.write_text(path, "é")
    assert path.read_bytes() == "é".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic.writing(path) as temporary:
        _fail_half_way(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _fail_half_way(temporary):
    temporary.write_text("half")
    raise FileNotFoundError
