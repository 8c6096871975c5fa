"""CPU of the reading of a thousand small files: `speed.py DIRECTORY PROGRAM`. Texts and Word documents of about 20 kB."""

import io
import sys
from pathlib import Path

import docx

from score import cost
from texts import LANGUAGES, Writer

SIZE = 20_000
DIFFERENT = 20
ROUNDS = 10


def a_text(index):
    """Prose of 20 kB."""
    w, text = Writer(LANGUAGES[index % len(LANGUAGES)], f"speed {index}"), ""
    while len(text.encode()) < SIZE:
        text += w.paragraph() + "\n"
    return text.encode()


def a_document(index, paragraphs):
    """A document with so many paragraphs."""
    w, document = Writer(LANGUAGES[index % len(LANGUAGES)], f"speed {index}"), docx.Document(THEME)
    for _ in range(paragraphs):
        document.add_paragraph(w.paragraph(2))
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def a_sized_document(index):
    """As many paragraphs as make 20 kB: what the library writes into every document comes first, then text, which packs well."""
    low, high = 0, 4096
    while high - low > 8:
        middle = (low + high) // 2
        low, high = (middle, high) if len(a_document(index, middle)) < SIZE else (low, middle)
    return a_document(index, low)


def slim_theme():
    """The library's own template without what only fills it: its pictures and most of its styles."""
    document = docx.Document()
    package = document.part.package
    for key, relation in list(package.rels.items()):
        if "thumbnail" in relation.reltype:
            del package.rels[key]
    for key, relation in list(document.part.rels.items()):
        if any(word in relation.reltype for word in ("theme", "numbering", "stylesWithEffects", "customXml", "webSettings", "fontTable")):
            del document.part.rels[key]
    for style in list(document.styles):
        if style.name not in ("Normal", "Header", "Footer"):
            style.delete()
    stream = io.BytesIO()
    document.save(stream)
    path = Path(sys.argv[1], "theme.docx")
    path.write_bytes(stream.getvalue())
    return str(path)


def measure(program, root, extension, files):
    """Seconds of CPU for a thousand files."""
    names = []
    for index, data in enumerate(files):
        path = root / f"{index}.{extension}"
        path.write_bytes(data)
        names.append(path)
    seconds = cost(program, [f"{extension}\t{name}\t{root}/text\n" for name in names] * ROUNDS)
    size = sum(map(len, files)) / len(files)
    print(f"| {extension} | {len(files)} | {size / 1000:.1f} | {seconds * 1000:.2f} |")


if __name__ == "__main__":
    folder, reader = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    THEME = slim_theme()
    print("\n| format | different files | kB per file | CPU seconds per 1,000 |\n|---|---|---|---|")
    measure(reader, folder, "txt", [a_text(index) for index in range(DIFFERENT)])
    measure(reader, folder, "docx", [a_sized_document(index) for index in range(DIFFERENT)])
