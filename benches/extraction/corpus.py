"""The corpus on disk: files, and beside each what a reader sees of it, part by part."""

import subprocess
import tempfile
from pathlib import Path


class Parts(list):
    """Pairs of a part of a document (`body`, `table`, `footnote`) and its words."""

    def say(self, part, text):
        """Notes the text and gives it back, so that it can be noted where it is written."""
        self.append((part, text))
        return text

    def without(self, *dropped):
        """For a format that does not keep these parts."""
        return Parts((part, text) for part, text in self if part not in dropped)


class Corpus:
    """A directory of files with a list of them in `manifest.tsv`: extension, who made it, file."""

    def __init__(self, root):
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.manifest = (self.root / "manifest.tsv").open("w", encoding="utf-8")

    def path(self, extension, name, made_by, parts):
        """Where the file is to be written; its reference is written here."""
        maker = "".join(letter if letter.isalnum() else "-" for letter in made_by)
        folder = self.root / extension / maker
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.{extension}"
        lines = "".join(f"{part}\t{' '.join(text.split())}\n" for part, text in parts)
        file.with_name(file.name + ".ref").write_text(lines, encoding="utf-8")
        self.manifest.write(f"{extension}\t{made_by}\t{file}\n")
        return file

    def write(self, extension, name, made_by, parts, data):
        """A file of these bytes."""
        self.path(extension, name, made_by, parts).write_bytes(data)

    def close(self):
        """Ends the list."""
        self.manifest.close()


class Office:
    """Conversions by LibreOffice, gathered so that it starts once for each pair of formats."""

    def __init__(self, corpus, program="soffice"):
        self.corpus = corpus
        self.program = program
        self.waiting = {}

    def convert(self, source, extension, parts, export=None):
        """Has `source` converted to `extension`, with the export filter of that name if the extension alone does not tell it."""
        self.waiting.setdefault((source.suffix, extension, export), []).append((source, parts))

    def run(self):
        """Does all of it. A file that LibreOffice does not give is told, and is not in the list."""
        for (suffix, extension, export), jobs in self.waiting.items():
            with tempfile.TemporaryDirectory() as folder:
                sources = Path(folder, "in")
                sources.mkdir()
                for index, (source, _) in enumerate(jobs):
                    (sources / f"{index}{suffix}").write_bytes(source.read_bytes())
                target = extension if export is None else f"{extension}:{export}"
                subprocess.run(
                    [self.program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", target,
                     "--outdir", f"{folder}/out", *sorted(map(str, sources.iterdir()))],
                    check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600,
                )
                for index, (source, parts) in enumerate(jobs):
                    made = Path(folder, "out", f"{index}.{extension}")
                    if made.exists():
                        name = f"{source.stem}-from-{suffix[1:]}"
                        self.corpus.write(extension, name, "LibreOffice", parts, made.read_bytes())
                    else:
                        print(f"LibreOffice made no {extension} of {source}")
