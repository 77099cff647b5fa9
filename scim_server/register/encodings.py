"""Which encoding a file of a Polish register has.

Two of the three candidates, Windows-1250 and ISO-8859-2, give every byte a letter, so only the
bytes of the Polish letters tell them apart: ą ś ź are B9 9C 9F in the first and B1 B6 BC in the
second, and 80-9F are letters in the first alone.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from scim_server.errors import BadInput

UTF_8 = "utf-8"
WINDOWS_1250 = "windows-1250"
ISO_8859_2 = "iso-8859-2"
ENCODINGS = (UTF_8, WINDOWS_1250, ISO_8859_2)

_CODECS = {UTF_8: "utf-8-sig"}
_C1 = bytes(range(0x80, 0xA0))
_UNUSED_IN_1250 = bytes((0x81, 0x83, 0x88, 0x90, 0x98))
_ONLY_IN_1250 = bytes((0xB9, 0xA5))  # ą Ą
_ONLY_IN_8859_2 = bytes((0xB1, 0xB6, 0xBC, 0xA1, 0xA6, 0xAC))  # ą ś ź Ą Ś Ź
# ó Ó, ą Ą ć Ć ę Ę, ł Ł ń Ń ś Ś ź Ź ż Ż in UTF-8; no Polish word has these pairs in the others.
_UTF_8_PAIR = re.compile(
    rb"\xc3[\x93\xb3]|\xc4[\x84-\x87\x98\x99]|\xc5[\x81-\x84\x9a\x9b\xb9-\xbc]"
)


def codec(encoding: str) -> str:
    """The name under which Python decodes ``encoding``; a byte order mark is dropped.

    :raises BadInput: the encoding is not one of :data:`ENCODINGS`.
    """
    if encoding not in ENCODINGS:
        raise BadInput(f"The encoding must be one of {', '.join(ENCODINGS)}.")
    return _CODECS.get(encoding, encoding)


def detect_encoding(chunks: Iterable[bytes], file: str) -> str:
    """The encoding of the whole ``file`` that ``chunks`` make up, one of :data:`ENCODINGS`.

    :raises BadInput: the file is UTF-16, mixes encodings or is in none of the three.
    """
    evidence = _Evidence(file)
    for chunk in chunks:
        evidence.take(chunk)
    return evidence.verdict()


class _Evidence:
    """What the bytes seen so far speak for."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_utf_8 = True
        self._begins = True
        self._last = b""
        self._pairs = self._c1 = self._unused = self._in_1250 = self._in_8859_2 = 0

    def take(self, chunk: bytes) -> None:
        if self._begins and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise BadInput(f"{self._file} is UTF-16; save it as UTF-8 (CSV UTF-8 in Excel).")
        self._begins = False
        self._decode(chunk)
        self._pairs += len(_UTF_8_PAIR.findall(self._last + chunk))
        self._last = chunk[-1:]
        self._c1 += _count(chunk, _C1)
        self._unused += _count(chunk, _UNUSED_IN_1250)
        self._in_1250 += _count(chunk, _ONLY_IN_1250)
        self._in_8859_2 += _count(chunk, _ONLY_IN_8859_2)

    def _decode(self, chunk: bytes, final: bool = False) -> None:
        if self._is_utf_8:
            try:
                self._decoder.decode(chunk, final)
            except UnicodeDecodeError:
                self._is_utf_8 = False

    def verdict(self) -> str:
        self._decode(b"", final=True)
        if self._is_utf_8:
            return UTF_8
        # Read as Windows-1250, a file that is nearly all UTF-8 would publish names like "Å‚".
        if self._pairs:
            raise BadInput(
                f"{self._file} mixes UTF-8 with another encoding; export it again, or say which "
                "encoding it has with --encoding."
            )
        if self._unused:
            raise BadInput(f"{self._file} is neither UTF-8 nor Windows-1250 nor ISO-8859-2.")
        if not self._c1 and self._in_8859_2 > self._in_1250:
            return ISO_8859_2
        return WINDOWS_1250


def _count(chunk: bytes, signs: bytes) -> int:
    return len(chunk) - len(chunk.translate(None, signs))
