"""An export is a folder or a zip."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_server.errors import BadInput
from scim_server.register.exports import find_sources

NAMES = ("a.csv", "b.csv")


def _folder(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_bytes(name.encode())
    return path


def _zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def _read(path: Path) -> list[bytes]:
    return [b"".join(source.chunks()) for source in find_sources(path, NAMES).values()]


def test_file_names_match_whatever_their_case(tmp_path: Path) -> None:
    assert _read(_folder(tmp_path / "x", "A.CSV", "b.Csv", "c.csv")) == [b"A.CSV", b"b.Csv"]
    assert _read(_zip(tmp_path / "x.zip", "A.CSV", "b.Csv", "c.csv")) == [b"A.CSV", b"b.Csv"]


@pytest.mark.parametrize("prefix", ["export/", "export\\"])
def test_a_zip_may_have_one_top_folder(tmp_path: Path, prefix: str) -> None:
    path = _zip(tmp_path / "x.zip", prefix + "a.csv", prefix + "b.csv", "__MACOSX/a.csv")
    assert [len(data) for data in _read(path)] == [12, 12]


def test_files_deeper_in_a_zip_are_not_taken(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"lacks a\.csv"):
        _read(_zip(tmp_path / "x.zip", "x/y/a.csv", "b.csv"))


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"more than one a\.csv"):
        _read(_zip(tmp_path / "x.zip", "a.csv", "old/a.csv", "b.csv"))
    with pytest.raises(BadInput, match=r"more than one a\.csv"):
        _read(_folder(tmp_path / "x", "a.csv", "A.csv", "b.csv"))


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    (_folder(tmp_path / "x") / "a.csv").mkdir()
    with pytest.raises(BadInput, match=r"lacks a\.csv, b\.csv"):
        _read(tmp_path / "x")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"a;b\n"])
def test_what_is_neither_folder_nor_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(BadInput, match="neither a folder nor a zip"):
        _read(tmp_path / "x.zip")


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="neither"):
        _read(tmp_path / "nowhere")


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.zip", *NAMES)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag of the first member in the directory
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"a\.csv is encrypted"):
        _read(path)


def test_a_file_that_is_not_deflated_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.csv", "x")
    with pytest.raises(BadInput, match=r"a\.csv is compressed in an unusual way"):
        _read(path)


def test_a_file_that_is_stored_uncompressed_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in NAMES:
            archive.writestr(name, name)
    assert _read(path) == [b"a.csv", b"b.csv"]


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_damaged_zip_is_read_or_refused_and_nothing_else(changes: list[tuple[int, int]]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("ł/a.csv", "ł/b.csv"):
            archive.writestr(name, "abc" * 50)
    data = bytearray(out.getvalue())
    for place, byte in changes:
        data[place % len(data)] = byte
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.zip"
        path.write_bytes(data)
        with contextlib.suppress(BadInput):
            _read(path)


def test_a_file_that_unpacks_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(100_000))
        archive.writestr("b.csv", b"")
    assert path.stat().st_size < 1_000
    assert find_sources(path, NAMES, 100_000)["a.csv"].size == 100_000
    with pytest.raises(BadInput, match="99,999 bytes"):
        find_sources(path, NAMES, 99_999)


def test_a_member_that_lies_about_its_size_yields_no_more_than_it_says(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(100_000))
        archive.writestr("b.csv", b"")
    data = path.read_bytes()
    path.write_bytes(data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    source = find_sources(path, NAMES, 10)["a.csv"]
    with pytest.raises(BadInput, match="damaged"):
        list(source.chunks())


def test_damaged_contents_are_said_in_plain_words(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.zip", "a.csv", "b.csv")
    data = bytearray(path.read_bytes())
    data[data.index(b"a.csv") + 6] ^= 0xFF  # in the first member's compressed bytes
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"a\.csv can't be read"):
        _read(path)


def test_progress_tells_name_bytes_done_and_all_bytes(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "x", *NAMES)
    (folder / "a.csv").write_bytes(bytes(600_000))
    told: list[tuple[str, int, int]] = []
    with find_sources(folder, NAMES)["a.csv"].open(lambda *at: told.append(at)) as stream:
        while stream.read(100_000):
            pass
    assert {(name, size) for name, _, size in told} == {("a.csv", 600_000)}
    done = [at for _, at, _ in told]
    assert done == sorted(done)
    assert len(set(done)) > 2
    assert done[-1] == 600_000
