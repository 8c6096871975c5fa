"""Documents of words: docx, odt, and by conversion doc and rtf; PDF by three programs."""

import glob
import io
import re

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from fpdf import FPDF
from odf import dc, office, style, table, text
from odf.opendocument import OpenDocumentText
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from corpus import Parts
from texts import LANGUAGES, RIGHT_TO_LEFT, Writer

# Windows code page and character set of fonts, for rich text of before Unicode.
PAGES = {"en": (1252, 0), "de": (1252, 0), "fr": (1252, 0), "pl": (1250, 238), "ru": (1251, 204), "el": (1253, 161), "ja": (932, 128),
         "ar": (1256, 178)}


def make(corpus, office_program):
    """All of them."""
    for language in LANGUAGES:
        source, parts = a_docx(corpus, language)
        for extension in ("docx", "doc", "odt"):
            office_program.convert(source, extension, parts)
        # LibreOffice drops the box here.
        office_program.convert(source, "rtf", parts.without("text box"))
        office_program.convert(source, "pdf", parts.without("comment"))
        source, parts = an_odt(corpus, language)
        for extension in ("odt", "docx", "doc", "rtf"):
            office_program.convert(source, extension, parts)
        office_program.convert(source, "pdf", parts.without("comment"))
        an_rtf(corpus, language)
        pdf_by_fpdf(corpus, language)
        if language not in RIGHT_TO_LEFT:
            pdf_by_reportlab(corpus, language)


def a_docx(corpus, language):
    """A document with what `python-docx` can write, and by hand a text box, a link, a form field and tracked changes."""
    w, parts = Writer(language, "docx"), Parts()
    document = docx.Document()
    document.add_heading(parts.say("heading", w.phrase()), 1)
    for _ in range(4):
        document.add_paragraph(parts.say("body", w.paragraph()))
    joined = parts.say("runs within words", w.sentence())
    paragraph = document.add_paragraph()
    for at in range(0, len(joined), 4):
        paragraph.add_run(joined[at:at + 4]).bold = at % 8 == 0
    for kind in ("List Bullet", "List Number"):
        for _ in range(3):
            document.add_paragraph(parts.say("list", w.phrase()), style=kind)
    grid = document.add_table(4, 3, style="Table Grid")
    for row in grid.rows:
        for cell in row.cells:
            cell.text = parts.say("table", w.phrase())
    grid.cell(0, 0).add_table(1, 1).cell(0, 0).text = parts.say("table in a table", w.phrase())
    merged = document.add_table(1, 2)
    merged.cell(0, 0).merge(merged.cell(0, 1)).text = parts.say("table", w.phrase())
    document.sections[0].header.paragraphs[0].text = parts.say("header", w.phrase())
    document.sections[0].footer.paragraphs[0].text = parts.say("footer", w.phrase())
    commented = document.add_paragraph(parts.say("body", w.sentence()))
    document.add_comment(commented.runs, text=parts.say("comment", w.phrase()), author="A", initials="A")
    for xml in by_hand(w, parts):
        paragraph._p.addnext(parse_xml(xml))
    stream = io.BytesIO()
    document.save(stream)
    path = corpus.path("docx", language, "python-docx", parts)
    path.write_bytes(stream.getvalue())
    return path, parts


def by_hand(w, parts):
    """Paragraphs that `python-docx` has no words for."""
    name = nsdecls("w")
    run = "<w:r><w:t>{}</w:t></w:r>".format
    yield (f"<w:p {name} xmlns:v='urn:schemas-microsoft-com:vml'><w:r><w:pict><v:shape style='width:200pt;height:50pt'><v:textbox>"
           f"<w:txbxContent><w:p>{run(parts.say('text box', w.phrase()))}</w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>")
    yield f"<w:p {name}><w:hyperlink w:anchor='x'>{run(parts.say('link', w.phrase()))}</w:hyperlink></w:p>"
    yield f"<w:sdt {name}><w:sdtContent><w:p>{run(parts.say('form field', w.phrase()))}</w:p></w:sdtContent></w:sdt>"
    yield (f"<w:p {name}><w:ins w:id='901' w:author='A' w:date='2026-01-01T00:00:00Z'>{run(parts.say('inserted', w.phrase()))}</w:ins></w:p>")


def an_odt(corpus, language):
    """A text document with notes, comments, headers and lists."""
    w, parts = Writer(language, "odt"), Parts()
    document = OpenDocumentText()
    layout = style.PageLayout(name="L")
    document.automaticstyles.addElement(layout)
    master = style.MasterPage(name="Standard", pagelayoutname=layout)
    document.masterstyles.addElement(master)
    for part, element in (("header", style.Header()), ("footer", style.Footer())):
        element.addElement(text.P(text=parts.say(part, w.phrase())))
        master.addElement(element)
    document.text.addElement(text.H(outlinelevel=1, text=parts.say("heading", w.phrase())))
    for number in range(4):
        paragraph = text.P(text=parts.say("body", w.paragraph()))
        for note_class in ("footnote", "endnote"):
            note = text.Note(noteclass=note_class, id=f"{note_class}{number}")
            note.addElement(text.NoteCitation(text="1"))
            body = text.NoteBody()
            body.addElement(text.P(text=parts.say(note_class, w.phrase())))
            note.addElement(body)
            paragraph.addElement(note)
        document.text.addElement(paragraph)
    comment = office.Annotation()
    comment.addElement(dc.Creator(text="A"))
    comment.addElement(text.P(text=parts.say("comment", w.phrase())))
    paragraph = text.P()
    paragraph.addElement(comment)
    paragraph.addText(parts.say("body", w.sentence()))
    paragraph.addElement(text.Tab())
    paragraph.addElement(text.Span(text=parts.say("body", w.phrase())))
    document.text.addElement(paragraph)
    items = text.List()
    for _ in range(3):
        item = text.ListItem()
        item.addElement(text.P(text=parts.say("list", w.phrase())))
        items.addElement(item)
    document.text.addElement(items)
    grid = table.Table(name="T")
    grid.addElement(table.TableColumn(numbercolumnsrepeated=3))
    for _ in range(3):
        row = table.TableRow()
        for _ in range(3):
            cell = table.TableCell(valuetype="string")
            cell.addElement(text.P(text=parts.say("table", w.phrase())))
            row.addElement(cell)
        grid.addElement(row)
    document.text.addElement(grid)
    stream = io.BytesIO()
    document.write(stream)
    path = corpus.path("odt", language, "odfpy", parts)
    path.write_bytes(stream.getvalue())
    return path, parts


def an_rtf(corpus, language):
    """Rich text as programs before Unicode wrote it: bytes of a code page, and a font that says which."""
    page, charset = PAGES[language]
    w, parts = Writer(language, "rtf"), Parts()
    lines = [parts.say("body", w.paragraph()) for _ in range(4)]
    cells = [parts.say("table", w.phrase()) for _ in range(3)]

    def escaped(words):
        return "".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\{}" else f"\\'{byte:02x}" for byte in words.encode(f"cp{page}"))

    rtf = (f"{{\\rtf1\\ansi\\ansicpg{page}\\deff0{{\\fonttbl{{\\f0\\fcharset{charset} Arial;}}}}{{\\info{{\\title unseen}}}}"
           + "".join(f"\\pard\\f0 {escaped(line)}\\par\n" for line in lines)
           + "\\trowd\\cellx1000\\cellx2000\\cellx3000 " + "".join(f"\\intbl {escaped(cell)}\\cell " for cell in cells) + "\\row}")
    corpus.write("rtf", f"{language}-cp{page}", "Python", parts, rtf.encode("ascii"))


def font(language):
    """A font file of the machine that has the letters."""
    wanted = {"ar": "NotoNaskhArabic-Regular.ttf", "ja": "NotoSansCJK-Regular.ttc"}.get(language, "DejaVuSans.ttf")
    return glob.glob(f"/usr/share/fonts/**/{wanted}", recursive=True)[0]


def pdf_by_fpdf(corpus, language):
    """Pages with headings, paragraphs broken into lines, and a table; letters shaped as on paper."""
    w, parts = Writer(language, "pdf"), Parts()
    pdf = FPDF()
    pdf.add_font("F", "", font(language))
    pdf.set_text_shaping(True)
    for _ in range(2):
        pdf.add_page()
        pdf.set_font("F", size=18)
        pdf.multi_cell(0, 10, parts.say("heading", w.phrase()), new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("F", size=11)
        for _ in range(4):
            pdf.multi_cell(0, 7, parts.say("body", w.paragraph()), new_x="LMARGIN", new_y="NEXT")
            pdf.ln(3)
        with pdf.table(first_row_as_headings=False) as grid:
            for _ in range(3):
                row = grid.row()
                for _ in range(2):
                    row.cell(parts.say("table", w.phrase()))
    corpus.write("pdf", f"{language}-fpdf2", "fpdf2", parts, bytes(pdf.output()))


def pdf_by_reportlab(corpus, language):
    """The same; Japanese in a font that is not in the file."""
    w, parts = Writer(language, "reportlab"), Parts()
    name = "HeiseiMin-W3" if language == "ja" else "DejaVuSans"
    pdfmetrics.registerFont(UnicodeCIDFont(name) if language == "ja" else TTFont(name, font(language)))
    look = ParagraphStyle("x", fontName=name, fontSize=10, leading=14, wordWrap="CJK" if language == "ja" else None)

    def paragraph(part, words):
        return Paragraph(re.sub("[<&]", "", parts.say(part, words)), look)

    story = [paragraph("heading", w.phrase())]
    story += [paragraph("body", w.paragraph()) for _ in range(6)]
    story.append(Table([[paragraph("table", w.phrase()) for _ in range(3)] for _ in range(4)]))
    stream = io.BytesIO()
    SimpleDocTemplate(stream).build(story)
    corpus.write("pdf", f"{language}-reportlab", "reportlab", parts, stream.getvalue())
