"""Text formats, markup and mail."""

import json

from aspose.email_foss import msg

from corpus import Parts
from texts import LANGUAGES, Writer

# What each language was written in before UTF-8.
OLD = {
    "en": ["latin-1"], "de": ["latin-1", "cp1252"], "fr": ["latin-1"], "pl": ["cp1250", "iso8859-2"],
    "ru": ["cp1251", "koi8-r"], "el": ["cp1253"], "ja": ["shift_jis", "euc-jp"], "ar": ["cp1256"],
}
NEW = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
MADE = "Python"


def fitting(text, encoding):
    """`text` without what the encoding cannot say; the reference is made of the same."""
    return text.encode(encoding, "ignore").decode(encoding)


def make(corpus):
    """All of them."""
    for language in LANGUAGES:
        for encoding in NEW + OLD[language]:
            writer = Writer(language, f"txt {encoding}")
            text = fitting("\r\n".join(writer.paragraph() for _ in range(5)), encoding)
            corpus.write("txt", f"{language}-{encoding}", MADE, Parts([("body", text)]), text.encode(encoding))
        for make_one in (code, markdown, restructured, records, pages, drawings, mails):
            make_one(corpus, language)


def plain(corpus, extension, language, text, encoding="utf-8", suffix=""):
    """A file whose reader sees all that is in it."""
    corpus.write(extension, f"{language}{suffix}", MADE, Parts([("body", text)]), text.encode(encoding))


def code(corpus, language):
    """Programs, whose comments and strings are in the language."""
    w = Writer(language, "code")
    plain(corpus, "py", language, f'"""{w.sentence()}"""\n\ndef report():\n    # {w.sentence()}\n    return ["{w.phrase()}", "{w.phrase()}"]\n')
    plain(corpus, "rb", language, f'# {w.sentence()}\nclass Report\n  def title\n    "{w.phrase()}"\n  end\nend\n')
    plain(corpus, "sh", language, f'#!/bin/sh\n# {w.sentence()}\necho "{w.phrase()}" | tee -a "$LOG"\n')
    plain(corpus, "py", language, f'# -*- coding: {OLD[language][0]} -*-\n' + fitting(f'TITLE = "{w.paragraph()}"\n', OLD[language][0]),
          OLD[language][0], "-old")


def markdown(corpus, language):
    """Markdown in both names, and a paper, which is exported as Markdown or as a page."""
    for extension in ("md", "markdown", "paper"):
        w = Writer(language, extension)
        rows = "\n".join(f"| {w.phrase()} | {w.number()} |" for _ in range(4))
        text = (f"# {w.phrase()}\n\n{w.paragraph()}\n\n- {w.sentence()}\n- **{w.phrase()}**\n\n| {w.phrase()} | № |\n|---|---|\n{rows}\n\n"
                f"> {w.sentence()}\n\n[{w.phrase()}](https://example.org/{w.number()})\n\n```\n{w.phrase()}\n```\n")
        plain(corpus, extension, language, text)
    parts = Parts()
    data = page(Writer(language, "paper page"), parts, "utf-8")
    corpus.write("paper", f"{language}-page", MADE, parts, data)


def restructured(corpus, language):
    """reStructuredText."""
    w = Writer(language, "rst")
    title = w.phrase()
    plain(corpus, "rst", language, f"{title}\n{'=' * len(title)}\n\n{w.paragraph()}\n\n* {w.sentence()}\n\n.. note:: {w.sentence()}\n")


def records(corpus, language):
    """Tables in text form and JSON, written with and without escapes."""
    w = Writer(language, "records")
    for extension, comma, encoding, suffix in (
        ("csv", ",", "utf-8", ""), ("csv", ";", OLD[language][-1], "-old"), ("tsv", "\t", "utf-8", ""), ("tsv", "\t", "utf-16", "-wide"),
    ):
        rows = [[w.number(), f'"{w.phrase()}"', f'"{w.sentence()}"'] for _ in range(20)]
        plain(corpus, extension, language, fitting("\r\n".join(comma.join(row) for row in rows), encoding), encoding, suffix)
    for suffix, escaped in (("", False), ("-escaped", True)):
        parts = Parts()
        value = [{"title": parts.say("value", w.phrase()), "text": parts.say("value", w.sentence()) + "\n" + parts.say("value", w.sentence())}
                 for _ in range(5)]
        corpus.write("json", f"{language}{suffix}", MADE, Parts((f"{part}{suffix}", text) for part, text in parts),
                     json.dumps(value, ensure_ascii=escaped, indent=2).encode())


def page(w, parts, encoding):
    """A page with what pages have, and with what nobody sees of them."""
    def say(part, text):
        return parts.say(part, fitting(text, encoding))

    rows = "".join(f"<tr><td>{say('table', w.phrase())}</td><td>{say('table', w.number())}</td></tr>" for _ in range(4))
    joined = say("body", w.sentence())
    markup = f"""<!DOCTYPE html>
<html lang="{w.language}"><head><meta charset="{encoding}"><title>{say('title', w.phrase())}</title>
<style>p {{ color: red }}</style><script>var hidden = "secret";</script></head>
<body><!-- unseen --><header>{say('header', w.phrase())}</header><h1>{say('heading', w.phrase())}</h1>
<p>{joined[:9]}<b>{joined[9:14]}</b>{joined[14:]}</p><p>{say('body', w.paragraph())}</p>
<ul><li>{say('list', w.phrase())}<li>{say('list', w.phrase())}</ul><table>{rows}</table>
<p>Caf&eacute; &#8364; &#x3a9;</p>
<select><option>{say('form', w.phrase())}</option></select><textarea>{say('form', w.phrase())}</textarea>
<footer>{say('footer', w.phrase())}</footer></body></html>"""
    parts.say("entities", "Café € Ω")
    return markup.encode(encoding, "xmlcharrefreplace")


def pages(corpus, language):
    """HTML in new and old encodings, and pages of a server."""
    for encoding in ("utf-8", OLD[language][0]):
        parts = Parts()
        data = page(Writer(language, f"html {encoding}"), parts, encoding)
        corpus.write("html", f"{language}-{encoding}", MADE, parts, data)
    w, parts = Writer(language, "aspx"), Parts()
    markup = f"""<%@ Page Language="C#" AutoEventWireup="true" CodeFile="Default.aspx.cs" Inherits="_Default" %>
<script runat="server">void Page_Load() {{ Response.Write("secret"); }}</script>
<asp:Content runat="server"><form id="form1" runat="server"><h2>{parts.say('heading', w.phrase())}</h2>
<p>{parts.say('body', w.paragraph())}</p><%-- unseen --%><div><%= DateTime.Now %> {parts.say('body', w.sentence())}</div>
<asp:Label ID="L1" runat="server">{parts.say('control', w.phrase())}</asp:Label>
<asp:Button ID="B1" runat="server" Text="{parts.say('attribute of a control', w.phrase())}" /></form></asp:Content>"""
    corpus.write("aspx", language, MADE, parts, markup.encode())


def drawings(corpus, language):
    """XML of no known vocabulary, in two encodings, and SVG."""
    for encoding in ("utf-8", OLD[language][0]):
        w, parts = Writer(language, f"xml {encoding}"), Parts()
        def say(part, text):
            return parts.say(part, fitting(text, encoding))
        items = "".join(f"<item no='7'><name>{say('element', w.phrase())}</name><text><![CDATA[{say('cdata', w.sentence())}]]></text></item>"
                        for _ in range(6))
        xml = f"<?xml version='1.0' encoding='{encoding}'?>\n<!-- unseen --><order xmlns='urn:x'>{items}</order>"
        corpus.write("xml", f"{language}-{encoding}", MADE, parts, xml.encode(encoding))
    w, parts = Writer(language, "svg"), Parts()
    svg = f"""<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 90"><title>{parts.say('title', w.phrase())}</title>
<desc>{parts.say('description', w.sentence())}</desc><style>.a {{ fill: red }}</style><g><text x="1" y="2">{parts.say('text', w.phrase())}</text>
<text x="1" y="9"><tspan>{parts.say('text', w.phrase())}</tspan> <tspan>{parts.say('text', w.phrase())}</tspan></text></g></svg>"""
    corpus.write("svg", language, MADE, parts, svg.encode())


def mails(corpus, language):
    """Messages of Outlook: with plain text, with a page only, and with a message attached."""
    for kind in ("plain", "page", "attached"):
        w, parts = Writer(language, f"msg {kind}"), Parts()
        mail = a_mail(w, parts, kind)
        if kind == "attached":
            with a_mail(w, parts, "plain") as inner:
                mail.add_embedded_message_attachment(inner, filename="inner.msg")
        mail.add_attachment(f"plan-{w.number()}.txt", b"not part of the message", mime_type="text/plain")
        with mail:
            corpus.write("msg", f"{language}-{kind}", "aspose-email-foss", parts, mail.to_bytes())


def a_mail(w, parts, kind):
    """One message."""
    text = "" if kind == "page" else parts.say("text", w.paragraph())
    mail = msg.MapiMessage.create(parts.say("subject", w.phrase()), text)
    if kind == "page":
        mail.body_html = f"<html><body><p>{parts.say('page', w.paragraph())}</p></body></html>"
    mail.set_property(msg.PropertyId.SENDER_NAME, parts.say("sender", w.phrase()))
    receiver = parts.say("receiver", w.phrase())
    mail.add_recipient("one@example.org", display_name=receiver)
    # The library writes it as in the header of an internet mail; Outlook does not.
    mail.set_property(msg.PropertyId.DISPLAY_TO, receiver)
    return mail
