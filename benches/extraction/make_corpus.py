"""Makes the corpus: `make_corpus.py DIRECTORY [PROGRAM]`, where the program is the example `recall`, for what nothing else here writes."""

import shutil
import sys

import plain_files
import sheet_files
import word_files
from corpus import Corpus, Office


def main():
    """Files of all formats; those that LibreOffice has to convert only where it is installed."""
    root, sample_writer = sys.argv[1], (sys.argv[2:] or [None])[0]
    corpus = Corpus(root)
    office = Office(corpus)
    plain_files.make(corpus)
    word_files.make(corpus, office)
    sheet_files.make(corpus, office, sample_writer)
    if shutil.which(office.program):
        office.run()
    else:
        print("no LibreOffice: no doc, no ppt, and fewer of the others", file=sys.stderr)
    corpus.close()


if __name__ == "__main__":
    main()
