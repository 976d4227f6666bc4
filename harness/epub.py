"""The files of an EPUB: what an e-book's package must hold beside its pages.

`write(...)` puts the pages that `harness.editions` has read, their pictures and their style into
one file, as EPUB 3.3 asks: https://www.w3.org/TR/epub-33/.
"""

from __future__ import annotations

import base64
import io
import re
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from coursecnn._files import write_atomically

if TYPE_CHECKING:
    from harness.editions import Imprint, Page, Part

FOLDER = "book"
SOURCE = re.compile(r'<img\b[^>]*\bsrc="([^"]+)"')
KINDS = {
    ".css": "text/css",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".xhtml": "application/xhtml+xml",
}
CONTAINER = f"""\
<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="{FOLDER}/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""
XHTML = """\
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" \
xml:lang="en"><head><title>{title}</title><link rel="stylesheet" href="edition.css"/></head>
<body>{body}</body></html>
"""
PACKAGE = """\
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{identifier}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:creator>{author}</dc:creator>
<dc:language>en</dc:language>
<dc:source>{address}</dc:source>
<dc:rights>Text and figures: CC BY 4.0. Code: MIT.</dc:rights>
<meta property="dcterms:modified">{now:%Y-%m-%dT%H:%M:%SZ}</meta>
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""


def write(
    path: Path, parts: Sequence[Part], about: Imprint, book: Path, picture_of_cover: bytes
) -> None:
    """Write the EPUB.

    Args:
        path: where to.
        parts: the parts of the book, their pages read for files of their own.
        about: what the title page says.
        book: the folder of the built book, which has the pictures.
        picture_of_cover: a PNG.
    """
    pages = {"cover": _cover(about)} | dict(_texts(parts))
    files: dict[str, bytes] = {f"{name}.xhtml": text.encode() for name, text in pages.items()}
    files["nav.xhtml"] = _navigation(parts).encode()
    files["edition.css"] = _style(book).encode()
    files["cover.png"] = picture_of_cover
    files |= _pictures([page for part in parts for page in part.pages], book)
    package = PACKAGE.format(
        identifier=f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{about.address}/{about.version}')}",
        title=escape(about.subject),
        author=escape(about.author),
        address=escape(about.address),
        now=datetime.now(UTC),
        manifest="\n".join(_items(files)),
        spine="\n".join(f'<itemref idref="{_id(f"{name}.xhtml")}"/>' for name in pages),
    )
    write_atomically(path, _packed({"package.opf": package.encode(), **files}))


def _packed(files: dict[str, bytes]) -> bytes:
    """All files in one; the first says uncompressed what it is."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        for name, content in files.items():
            archive.writestr(f"{FOLDER}/{name}", content)
    return packed.getvalue()


def _cover(about: Imprint) -> str:
    image = f'<p><img src="cover.png" alt="{escape(about.subject)}"/></p>'
    return XHTML.format(title=escape(about.subject), body=image)


def _texts(parts: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """The pages by their names; each part begins with one that has its title."""
    for part in parts:
        title = escape(part.title)
        yield part.name, XHTML.format(title=title, body=f'<h1 id="{part.name}">{title}</h1>')
        for page in part.pages:
            yield page.name, XHTML.format(title=escape(page.title), body=page.xml)


def _navigation(parts: Sequence[Part]) -> str:
    """The contents: parts, pages and their sections."""
    items = "".join(
        f'<li><a href="{part.name}.xhtml">{escape(part.title)}</a>'
        f"<ol>{''.join(map(_entry, part.pages))}</ol></li>"
        for part in parts
    )
    body = f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{items}</ol></nav>'
    return XHTML.format(title="Contents", body=body)


def _entry(page: Page) -> str:
    sections = "".join(
        f'<li><a href="{page.name}.xhtml#{heading.id}">{escape(heading.text)}</a></li>'
        for heading in page.headings
        if heading.level == 2
    )
    below = f"<ol>{sections}</ol>" if sections else ""
    return f'<li><a href="{page.name}.xhtml">{escape(page.title)}</a>{below}</li>'


def _style(book: Path) -> str:
    """The style of the editions, and the colours of code as the pages have them in the light."""
    colours = (book / "_static" / "pygments.css").read_text(encoding="utf-8")
    light = (line for line in colours.splitlines() if "dark" not in line)
    own = (Path(__file__).parent / "edition.css").read_text(encoding="utf-8")
    return re.sub(r'html\[data-theme="light"\] ', "", "\n".join(light)) + own


def _pictures(pages: Sequence[Page], book: Path) -> dict[str, bytes]:
    """The pictures that the pages show, by the name of the file."""
    drawn = {name: data for page in pages for name, data in page.pictures.items()}
    shown = dict.fromkeys(name for page in pages for name in SOURCE.findall(page.xml))
    return {
        name: _as_png(drawn[name]) if name in drawn else (book / name).read_bytes()
        for name in shown
    }


def _as_png(address: str) -> bytes:
    """A picture that stands in a page as data, in a format that every e-book reader knows."""
    raw = base64.b64decode(address.partition(",")[2])
    file = io.BytesIO()
    Image.open(io.BytesIO(raw)).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _items(files: dict[str, bytes]) -> Iterator[str]:
    """The lines of the manifest."""
    for name, content in files.items():
        properties = {"nav.xhtml": "nav", "cover.png": "cover-image"}.get(name, "")
        if name.endswith(".xhtml"):
            holds = {"mathml": b"<math", "svg": b"<svg"}
            properties = " ".join(
                filter(
                    None, [properties, *(kind for kind, mark in holds.items() if mark in content)]
                )
            )
        said = f' properties="{properties}"' if properties else ""
        kind = KINDS[Path(name).suffix]
        yield f'<item id="{_id(name)}" href="{name}" media-type="{kind}"{said}/>'


def _id(name: str) -> str:
    return "f-" + re.sub(r"[^\w.-]", "-", name)
