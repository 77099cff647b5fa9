"""Where an export lies: a folder or a zip, and the files in it as streams of bytes."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from scim_server.errors import BadInput

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_FILE_BYTES = 1 << 30
"""A file of an export may not be larger than this, uncompressed."""

_BUFFER = 1 << 18
# What zipfile raises for a damaged archive, apart from what it names BadZipFile.
_READ_FAULTS = (
    OSError,
    EOFError,
    NotImplementedError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
# The others unpack with as much memory as the archive asks for.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Progress = Callable[[str, int, int], None]
"""Called while a file is read: its name, the bytes read so far, all its bytes."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of an export, under its declared name; ``size`` in bytes, uncompressed."""

    name: str
    size: int
    opener: Callable[[], IO[bytes]]

    def open(self, progress: Progress | None = None) -> io.BufferedReader:
        """The file from its beginning.

        :raises BadInput: here or at a read, if the bytes can't be had.
        """
        try:
            stream = self.opener()
        except _READ_FAULTS as fault:
            raise _unreadable(self.name) from fault
        return io.BufferedReader(_Watched(self, stream, progress), _BUFFER)

    def chunks(self) -> Iterator[bytes]:
        """All bytes of the file, in pieces."""
        with self.open() as stream:
            while chunk := stream.read(_BUFFER):
                yield chunk


def find_sources(
    path: Path, names: Iterable[str], max_bytes: int = MAX_FILE_BYTES
) -> Mapping[str, Source]:
    """The files called ``names`` in the folder or zip at ``path``, case aside.

    In a zip the files may stand in one folder.

    :raises BadInput: the path is neither, or a file is missing, there twice, encrypted, packed in
        an unusual way or larger than ``max_bytes`` uncompressed.
    """
    try:
        found = _in_folder(path) if path.is_dir() else _in_zip(path)
    except _READ_FAULTS as fault:
        raise BadInput(f"{path} is neither a folder nor a zip that can be read.") from fault
    sources = {}
    missing = []
    for name in names:
        candidates = found.get(name.lower(), [])
        if len(candidates) > 1:
            raise BadInput(f"The export holds more than one {name}; leave only one.")
        if candidates:
            sources[name] = _checked(name, candidates[0], max_bytes)
        else:
            missing.append(name)
    if missing:
        raise BadInput(f"The export lacks {', '.join(missing)}.")
    return sources


@dataclass(frozen=True, slots=True)
class _Candidate:
    size: int
    is_encrypted: bool
    is_usual: bool
    opener: Callable[[], IO[bytes]]


def _checked(name: str, candidate: _Candidate, max_bytes: int) -> Source:
    if candidate.is_encrypted:
        raise BadInput(f"{name} is encrypted; give the export without a password.")
    if not candidate.is_usual:
        raise BadInput(f"{name} is compressed in an unusual way; use an ordinary (deflated) zip.")
    if candidate.size > max_bytes:
        raise BadInput(f"{name} is larger than the limit of {max_bytes:,} bytes uncompressed.")
    return Source(name, candidate.size, candidate.opener)


def _in_folder(path: Path) -> dict[str, list[_Candidate]]:
    found: dict[str, list[_Candidate]] = {}
    for entry in path.iterdir():
        if entry.is_file():
            candidate = _Candidate(entry.stat().st_size, False, True, partial(_open_file, entry))
            found.setdefault(entry.name.lower(), []).append(candidate)
    return found


def _in_zip(path: Path) -> dict[str, list[_Candidate]]:
    found: dict[str, list[_Candidate]] = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            # Some Windows programs write the separator of their own system.
            folders, _, name = member.filename.replace("\\", "/").rpartition("/")
            if "/" not in folders and folders != "__MACOSX":
                # The size is a promise that zipfile holds the member to.
                candidate = _Candidate(
                    member.file_size,
                    bool(member.flag_bits & 1),
                    member.compress_type in _METHODS,
                    partial(_open_member, path, member),
                )
                found.setdefault(name.lower(), []).append(candidate)
    return found


def _open_file(path: Path) -> IO[bytes]:
    return path.open("rb")


def _open_member(path: Path, member: zipfile.ZipInfo) -> IO[bytes]:
    # The open member keeps the archive's file open, and closes it when it is closed itself.
    with zipfile.ZipFile(path) as archive:
        return archive.open(member)


def _unreadable(name: str) -> BadInput:
    return BadInput(f"{name} can't be read: the file or the archive is damaged or not accessible.")


class _Watched(io.RawIOBase):
    """A stream that reports how far it was read and says faults in this program's words."""

    def __init__(self, source: Source, stream: IO[bytes], progress: Progress | None) -> None:
        self._source = source
        self._stream = stream
        self._progress = progress
        self._done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._stream.read(len(view))
        except _READ_FAULTS as fault:
            raise _unreadable(self._source.name) from fault
        view[: len(data)] = data
        self._done += len(data)
        if self._progress is not None:
            self._progress(self._source.name, self._done, self._source.size)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()
