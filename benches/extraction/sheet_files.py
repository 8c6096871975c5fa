"""Workbooks, presentations and drawings."""

import datetime
import io
import subprocess
import zipfile

import openpyxl
import vsdx
import xlsxwriter
import xlwt
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches
from pyxlsbwriter import XlsbWriter

from corpus import Parts
from texts import LANGUAGES, Writer

MACRO_BOOK = ("spreadsheetml.sheet.main+xml", "ms-excel.sheet.macroEnabled.main+xml")
TEMPLATE = ("presentationml.presentation.main+xml", "presentationml.template.main+xml")
MACRO_DRAWING = ("ms-visio.drawing.main+xml", "ms-visio.drawing.macroEnabled.main+xml")


def make(corpus, office_program, sample_writer):
    """All of them; `sample_writer` is the program that writes what the tests of the reader use."""
    for language in LANGUAGES:
        book_by_openpyxl(corpus, language)
        source, parts = book_by_xlsxwriter(corpus, language)
        # LibreOffice writes 0 for the text of a formula here.
        office_program.convert(source, "xls", parts.without("text of a formula"))
        office_program.convert(source, "xlsx", parts)
        office_program.convert(source, "xlsm", parts, "Calc MS Excel 2007 VBA XML")
        old_book(corpus, language)
        binary_book(corpus, language)
        source, parts = slides(corpus, language)
        office_program.convert(source, "ppt", parts)
        office_program.convert(source, "pptx", parts)
        office_program.convert(source, "potx", parts, "Impress MS PowerPoint 2007 XML Template")
        office_program.convert(source, "pdf", parts.without("notes", "chart"))
        drawing(corpus, language)
        if sample_writer:
            old_drawing(corpus, language, sample_writer)


def retyped(data, change):
    """A package whose main part is declared to be of another type."""
    old, new = change
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "[Content_Types].xml":
                prefix = "application/vnd.openxmlformats-officedocument." if "ms-excel" in new else ""
                content = content.replace(f"{prefix}{old}".encode(), (new if not prefix else f"application/vnd.{new}").encode())
            target.writestr(entry.filename, content)
    return out.getvalue()


def rows(w, parts, count=8):
    """Rows of words and whole numbers."""
    for _ in range(count):
        yield [parts.say("cell", w.phrase()), parts.say("cell", w.sentence()), int(parts.say("number", w.number()))]


def book_by_openpyxl(corpus, language):
    """Shared strings, several sheets, a comment; also as a workbook with macros."""
    w, parts = Writer(language, "openpyxl"), Parts()
    book = openpyxl.Workbook()
    book.remove(book.active)
    for index in range(2):
        sheet = book.create_sheet(parts.say("sheet name", w.phrase()[:31]))
        for row in rows(w, parts):
            sheet.append(row)
        sheet["E1"].comment = openpyxl.comments.Comment(parts.say("comment", w.phrase()), "A")
    stream = io.BytesIO()
    book.save(stream)
    corpus.write("xlsx", f"{language}-openpyxl", "openpyxl", parts, stream.getvalue())
    corpus.write("xlsm", f"{language}-openpyxl", "openpyxl, declared as with macros", parts, retyped(stream.getvalue(), MACRO_BOOK))


def book_by_xlsxwriter(corpus, language):
    """Rich cells, formulas with their values, formatted numbers, a chart, a text box, a header of the printed page."""
    w, parts = Writer(language, "xlsxwriter"), Parts()
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet(parts.say("sheet name", w.phrase()[:31]))
    for index, row in enumerate(rows(w, parts)):
        sheet.write_row(index, 0, row)
    bold = book.add_format({"bold": True})
    joined = parts.say("rich cell", w.sentence())
    sheet.write_rich_string(10, 0, joined[:8], bold, joined[8:12], joined[12:])
    sheet.write_formula(11, 0, "=1+1", None, int(parts.say("value of a formula", "2")))
    sheet.write_formula(11, 1, '=CONCATENATE("a","b")', None, parts.say("text of a formula", "ab"))
    for column, (value, form, shown) in enumerate((
        (0.125, "0.0%", "12.5%"), (1234.5, "#,##0.00", "1,234.50"), (datetime.date(2026, 11, 24), "yyyy-mm-dd", "2026-11-24"),
        (datetime.datetime(2026, 11, 24, 17, 45), "dd.mm.yyyy hh:mm", "24.11.2026 17:45"),
    )):
        write = sheet.write_datetime if isinstance(value, datetime.date) else sheet.write_number
        write(12, column, value, book.add_format({"num_format": form}))
        parts.say("formatted number", shown)
    sheet.write_boolean(13, 0, True)
    parts.say("truth value", "TRUE")
    sheet.write_url(13, 1, "https://example.org", string=parts.say("link", w.phrase()))
    sheet.set_column(0, 5, 40)
    sheet.write_comment(0, 5, parts.say("comment", w.phrase()))
    sheet.insert_textbox(20, 0, parts.say("text box", w.phrase()))
    sheet.set_header("&L" + parts.say("sheet header", w.phrase().replace("&", "")))
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": [sheet.name, 0, 2, 7, 2]})
    chart.set_title({"name": parts.say("chart", w.phrase())})
    sheet.insert_chart(30, 0, chart)
    book.close()
    path = corpus.path("xlsx", f"{language}-xlsxwriter", "XlsxWriter", parts)
    path.write_bytes(stream.getvalue())
    return path, parts


def old_book(corpus, language):
    """A workbook of before 2007."""
    w, parts = Writer(language, "xlwt"), Parts()
    book = xlwt.Workbook(encoding="utf-8")
    for _ in range(2):
        sheet = book.add_sheet(parts.say("sheet name", w.phrase()[:31]))
        for index, row in enumerate(rows(w, parts)):
            for column, value in enumerate(row):
                sheet.write(index, column, value)
    stream = io.BytesIO()
    book.save(stream)
    corpus.write("xls", language, "xlwt", parts, stream.getvalue())


def binary_book(corpus, language):
    """A binary workbook with shared strings."""
    w, parts = Writer(language, "xlsb"), Parts()
    path = corpus.root / f"{language}.tmp"
    with XlsbWriter(str(path)) as book:
        sheets = [(w.phrase()[:31], list(rows(w, parts))) for _ in range(2)]
        for name, cells in sheets:
            book.add_sheet(parts.say("sheet name", name))
            book.write_sheet(cells)
    corpus.write("xlsb", language, "pyxlsbwriter", parts, path.read_bytes())
    path.unlink()


def slides(corpus, language):
    """Slides with title, bullets, a table, a text box in a group, a chart and notes; also as a template."""
    w, parts = Writer(language, "pptx"), Parts()
    deck = Presentation()
    for _ in range(3):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = parts.say("title", w.phrase())
        frame = slide.placeholders[1].text_frame
        frame.text = parts.say("bullets", w.sentence())
        for level in (0, 1):
            bullet = frame.add_paragraph()
            bullet.text, bullet.level = parts.say("bullets", w.phrase()), level
        slide.notes_slide.notes_text_frame.text = parts.say("notes", w.paragraph())
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    grid = slide.shapes.add_table(3, 2, Inches(1), Inches(1), Inches(8), Inches(2)).table
    for row in range(3):
        for column in range(2):
            grid.cell(row, column).text = parts.say("table", w.phrase())
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(5), Inches(6), Inches(1)).text_frame.text = parts.say("text box in a group", w.phrase())
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    data = CategoryChartData()
    data.categories = [parts.say("chart", w.phrase()) for _ in range(2)]
    data.add_series(parts.say("chart", w.phrase()), (1, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1), Inches(6), Inches(4), data).chart.has_legend = True
    stream = io.BytesIO()
    deck.save(stream)
    path = corpus.path("pptx", language, "python-pptx", parts)
    path.write_bytes(stream.getvalue())
    corpus.write("potx", language, "python-pptx, declared as template", parts, retyped(stream.getvalue(), TEMPLATE))
    return path, parts


def drawing(corpus, language):
    """A drawing of three pages, made from the one that the library ships; also as one with macros."""
    w, parts = Writer(language, "vsdx"), Parts()
    path = corpus.root / f"{language}-new.vsdx"
    with vsdx.VisioFile(media()) as file:
        first = file.pages[0]
        for _ in range(2):
            file.copy_page(first)
        for page in file.pages:
            for shape in page.all_shapes:
                shape.text = parts.say("shape", w.sentence()) if not shape.child_shapes else ""
        first.set_name(parts.say("page name", w.phrase()))
        file.save_vsdx(str(path))
    data = path.read_bytes()
    path.unlink()
    corpus.write("vsdx", language, "vsdx (from a file of Visio)", parts, data)
    corpus.write("vsdm", language, "vsdx, declared as with macros", parts, retyped(data, MACRO_DRAWING))


def media():
    """The drawing that the library ships."""
    return str(vsdx.__path__[0]) + "/media/media.vsdx"


def old_drawing(corpus, language, sample_writer):
    """A drawing of before 2013 as the reader's own tests write it: only what is not packed."""
    w, parts = Writer(language, "vsd"), Parts()
    path = corpus.path("vsd", language, "own sample writer", parts_of_drawing(w, parts))
    subprocess.run([sample_writer, "sample", "vsd", parts[0][1], str(path)], check=True)


def parts_of_drawing(w, parts):
    """Its title, and the name that the sample has in its stream."""
    parts.say("title", w.sentence())
    parts.say("name", "Server room")
    return parts
