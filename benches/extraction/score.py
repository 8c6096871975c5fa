"""Reads the corpus and prints how much of it was found: `score.py DIRECTORY PROGRAM`, where the program is the example `recall`.

Recall is the share of the reference's words that are in the text, precision the share of the text's words that are in the reference; both
as multisets, case folded. A word is a run of letters and digits; of Japanese and Chinese, one character.
"""

import resource
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

WANTED = 0.98
# So many readings of one format, that the CPU time of one is not lost in the start of the process.
FILES_TO_TIME = 400


def words(text):
    """The multiset of words."""
    found, word = Counter(), ""
    for letter in unicodedata.normalize("NFC", text).casefold() + " ":
        is_ideograph = "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff"
        # Marks belong to the letter before; a join that does not show parts no word.
        if not is_ideograph and (letter.isalnum() or (word and unicodedata.category(letter) == "Mn")):
            word += letter
            continue
        if word:
            found[word] += 1
            word = ""
        if is_ideograph:
            found[letter] += 1
    return found


def reference(file):
    """What a reader sees of the file: the words of each part."""
    lines = Path(f"{file}.ref").read_text(encoding="utf-8").splitlines()
    parts = defaultdict(Counter)
    for part, text in (line.split("\t", 1) for line in lines):
        parts[part] += words(text)
    return parts


def run(program, lines):
    """Answers of the reader to the lines, and the seconds of CPU that its process took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program, "read"], input="".join(lines), capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout.splitlines(), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cost(program, lines):
    """Seconds of CPU for each of the lines: the reading of the file, its text, and the writing of that, without the start of the process."""
    rounds = max(1, FILES_TO_TIME // len(lines))
    _, start = run(program, lines)
    _, whole = run(program, lines * (rounds + 1))
    return max(whole - start, 0) / (rounds * len(lines))


def ours(program, files, folder):
    """Text and reason of each file, read by our reader in one process."""
    answers, _ = run(program, [f"{extension}\t{file}\t{folder}/{index}\n" for index, (extension, _, file) in enumerate(files)])
    for index, answer in enumerate(answers):
        yield Path(folder, str(index)).read_text(encoding="utf-8"), answer.rsplit("\t", 1)[1]


def tika(files):
    """Text of each file by Apache Tika, or nothing if it is not installed."""
    try:
        from iscc_tika import Extractor
    except ImportError:
        return None
    extractor = Extractor().set_extract_string_max_length(10_000_000)
    texts = []
    for _, _, file in files:
        try:
            texts.append(extractor.extract_file_to_string(file)[0])
        except Exception:  # its errors have no common class
            texts.append("")
    return texts


class Score:
    """Words of a group of files."""

    def __init__(self):
        self.files = self.wanted = self.found = self.given = self.theirs = 0
        self.bytes = 0
        self.lines = []

    def add(self, wanted, given, theirs):
        """One file, or one part of it."""
        self.files += 1
        self.wanted += wanted.total()
        self.found += (wanted & given).total()
        self.given += given.total()
        self.theirs += (wanted & theirs).total()

    def recall(self):
        """Share of the wanted words that were found."""
        return self.found / max(self.wanted, 1)


def main():
    """Prints the tables."""
    root, program = sys.argv[1:]
    files = [line.split("\t") for line in Path(root, "manifest.tsv").read_text(encoding="utf-8").splitlines()]
    folder = Path(root, "texts")
    folder.mkdir(exist_ok=True)
    second = tika(files)
    groups, parts = defaultdict(Score), defaultdict(Score)
    for index, ((extension, made_by, file), (text, reason)) in enumerate(zip(files, ours(program, files, folder), strict=True)):
        if reason:
            print(f"{file}: {reason}", file=sys.stderr)
        wanted, given = reference(file), words(text)
        theirs = words(second[index]) if second else Counter()
        score = groups[extension, made_by]
        score.add(sum(wanted.values(), Counter()), given, theirs)
        score.lines.append(f"{extension}\t{file}\t{folder}/timed\n")
        score.bytes += Path(file).stat().st_size
        for part, of_part in wanted.items():
            # A word that stands in two parts may be found for both: the numbers, which stand once, keep this honest.
            parts[extension, made_by, part].add(of_part, given, theirs)
            parts[extension, made_by, f"language {Path(file).name[:2]}"].add(of_part, given, theirs)
    report(program, groups, parts, bool(second))


def report(program, groups, parts, has_second):
    """The table by format, and what is below the goal, by part."""
    print("| format | made by | files | recall | precision | recall of Tika | ms CPU per file | kB per file |\n|---|---|---|---|---|---|---|---|")
    for (extension, made_by), score in sorted(groups.items()):
        second = f"{score.theirs / score.wanted:.3f}" if has_second else "–"
        print(f"| {extension} | {made_by} | {score.files} | {score.recall():.3f} | {score.found / max(score.given, 1):.3f} | {second} "
              f"| {cost(program, score.lines) * 1000:.2f} | {score.bytes / score.files / 1000:.1f} |")
    print("\nBelow the goal, by part:\n\n| format | made by | part | words | recall | recall of Tika |\n|---|---|---|---|---|---|")
    for (extension, made_by, part), score in sorted(parts.items()):
        if score.recall() < WANTED:
            print(f"| {extension} | {made_by} | {part} | {score.wanted} | {score.recall():.3f} | {score.theirs / score.wanted:.3f} |" if has_second else
                  f"| {extension} | {made_by} | {part} | {score.wanted} | {score.recall():.3f} | – |")


if __name__ == "__main__":
    main()
