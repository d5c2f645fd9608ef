"""The text of a MusicXML file, plain or compressed (.mxl)."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import unescape

from djmodel.inputs.limits import LimitError, Limits
from seqmodel.errors import FileError

_MAX_ARCHIVE_MEGABYTES = 10  # the directory of a larger archive can fill the memory
_CONTAINER = "META-INF/container.xml"
_MAX_CONTAINER_BYTES = 1 << 16
_ROOT_FILE = re.compile(r"""\bfull-path\s*=\s*["']([^"'<>]+)["']""")
_ARCHIVE = b"PK\x03\x04"  # the start of one
_HINT = "choose another file"


def sheet_text(path: Path, limits: Limits) -> bytes:
    """The XML text in a file. Raises FileError for an archive that is damaged or has no score,
    LimitError for a text or an archive that is too large."""
    content = path.read_bytes()
    if not zipfile.is_zipfile(BytesIO(content)):
        if content.startswith(_ARCHIVE):
            raise FileError("the archive is damaged (cut off)", path=path, hint=_HINT)
        return content
    if len(content) > _MAX_ARCHIVE_MEGABYTES << 20:
        message = f"the archive is larger than {_MAX_ARCHIVE_MEGABYTES} MB"
        raise LimitError(message, path=path)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            name = _score_name(archive)
            text = None if name is None else _content(archive, name, limits.max_bytes)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError) as error:
        message = f"the archive is damaged ({error or 'cut off'})"
        raise FileError(message, path=path, hint=_HINT) from error
    except (NotImplementedError, RuntimeError) as error:  # of another method, or with a password
        message = f"the archive cannot be unpacked ({error})"
        raise FileError(message, path=path, hint="compress it again, without a password") from error
    if name is None:
        raise FileError("the archive has no MusicXML score", path=path, hint=_HINT)
    if text is None:
        raise limits.too_large(path, "the unpacked file")
    return text


def _score_name(archive: zipfile.ZipFile) -> str | None:
    """The name of the score: the one that the container gives, which need not be well-formed, or
    the first XML file."""
    names = [name for name in archive.namelist() if name.lower().endswith((".xml", ".musicxml"))]
    scores = [name for name in names if not name.startswith(("META-INF/", "__MACOSX/"))]
    if _CONTAINER in names:
        container = _content(archive, _CONTAINER, _MAX_CONTAINER_BYTES) or b""
        for given in _ROOT_FILE.findall(container.decode("utf-8", "replace")):
            if (name := unescape(given).removeprefix("/")) in scores:
                return name
    return next(iter(scores), None)


def _content(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes | None:
    """The content of a file of an archive; None if it is larger than `max_bytes`, whatever the
    archive says of its size."""
    if archive.getinfo(name).file_size > max_bytes:
        return None
    with archive.open(name) as stream:
        content = stream.read(max_bytes + 1)
    return content if len(content) <= max_bytes else None
