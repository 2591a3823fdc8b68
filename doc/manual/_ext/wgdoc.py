# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the manual has beside reStructuredText.

    .. clicmd:: [no] wireguard listen-port (1-65535)
       :default: any free port

       What it does.  ::

          interface wg0
           wireguard listen-port 51820

A command.  One of the configuration must say its default, and every one must
have an example: else a warning, which the build takes for an error.
doc/check-manual compares the commands that are here with those that wgd has.

    .. siteconf:: anycast/a.conf

The configuration of a topotest, as an operator would write it: the licence
and the line that chooses a test's backend are left out, and a key that is
made in the test is named.  It stands in the page, too, for who reads the
source; this file, run as a program, writes it there, and the build warns where
it is another.

    .. markdown:: ../ha.md

A page that is also read on its own, in the part of Markdown that those have:
headings, lists, tables, indented literal text, links, `code`, **bold**.  Its
title is left out.  With `:section: NAME` it is only that section.
"""
import glob
import os
import re

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.directives import ObjectDescription
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
logger = logging.getLogger(__name__)


class CliCmd(ObjectDescription):
    "A command of the daemon."

    option_spec = {"default": directives.unchanged_required}

    def handle_signature(self, sig, signode):
        signode += addnodes.desc_name(sig, sig)
        return sig

    def add_target_and_index(self, name, sig, signode):
        words = re.sub(r"^\[no\] ", "", sig)
        target = "clicmd-" + re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
        if target not in self.state.document.ids:
            signode["ids"].append(target)
            self.state.document.note_explicit_target(signode)
        self.indexnode["entries"].append(("single", words, target, "", None))

    def transform_content(self, contentnode):
        where = (self.env.docname, self.lineno)
        configures = re.match(r"(\[no\] )?wireguard (?!generate|mesh request|mesh load)", self.names[0] + " ")
        operational = self.names[0].endswith("drain IFNAME")
        if "default" in self.options:
            text = nodes.paragraph("", "", nodes.emphasis("", "Default:"), nodes.Text(" "))
            parsed, messages = self.state.inline_text(self.options["default"], self.lineno)
            text += parsed + messages
            contentnode.insert(0, text)
        elif configures and not operational:
            logger.warning("%s: no default", self.names[0], location=where)
        if not list(contentnode.findall(nodes.literal_block)):
            logger.warning("%s: no example", self.names[0], location=where)


def siteconf(name):
    "What a page shows of a topotest's configuration."
    with open(os.path.join(TOP, "topotests", name), encoding="utf-8") as f:
        lines = [line for line in f.read().splitlines()
                 if "SPDX-" not in line and line.strip() != "@implementation@"]
    return re.sub(r"@(\w+)\.[\w-]+@", lambda m: "PUBLIC-KEY-OF-" + m[1].upper(),
                  "\n".join(lines))


class SiteConf(SphinxDirective):
    "A topotest's configuration, which also stands below, for who reads the source."

    required_arguments = 1
    has_content = True

    def run(self):
        name = self.arguments[0]
        self.env.note_dependency(os.path.join(TOP, "topotests", name))
        text = siteconf(name)
        if "\n".join(self.content).rstrip() != text.rstrip():
            raise self.warning("not as topotests/%s is: doc/manual/_ext/wgdoc.py writes it" % name)
        caption = nodes.paragraph("", "", nodes.literal("", "topotests/" + name))
        return [caption, nodes.literal_block(text, text, language="none")]


def write_siteconfs():
    "Into the pages, below their directives."
    for path in glob.glob(os.path.join(TOP, "doc/manual/**/*.rst"), recursive=True):
        with open(path, encoding="utf-8") as f:
            old = f.read()

        def shown(match):
            body = "".join("   %s\n" % line if line else "\n"
                           for line in siteconf(match[2]).rstrip().split("\n"))
            return "%s\n\n%s\n" % (match[1], body)

        new = re.sub(r"^(\.\. siteconf:: (\S+))\n\n*((?: +.*\n|\n)*)", shown, old, flags=re.M)
        if new != old:
            with open(path, "w", encoding="utf-8") as f:
                f.write(new)


# --- Markdown


def inline(text):
    text = re.sub(r"`([^`]+)`", r"``\1``", text)
    return re.sub(r"(?<!!)\[([^\]]+)\]\(([^)]+)\)", link, text)


def link(match):
    text, target = match[1], match[2]
    name = os.path.basename(target.split("#")[0])
    if "://" in target:
        return "`%s <%s>`__" % (text, target)
    if name.endswith((".md", ".rst")):
        return ":doc:`%s </%s>`" % (text, os.path.splitext(name)[0])
    return "``%s``" % text


def cells(line):
    inner = re.sub(r"(?<!\\)\|", "\0", line.strip())
    return [inline(c.replace("\\|", "|").strip()) for c in inner.strip("\0").split("\0")]


def table(lines):
    rows = [cells(line) for line in lines if not re.match(r"^\|[-| :]+\|$", line)]
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield ""
    for row in rows:
        for i, cell in enumerate(row):
            yield "   %s %s" % ("* -" if not i else "  -", cell)
    yield ""


def rst(text):
    "Markdown to reStructuredText."
    lines, out, i = text.splitlines(), [], 0
    while i < len(lines):
        line = lines[i]
        heading = re.match(r"^(#+) (.*)", line)
        if heading:
            title = inline(heading[2])
            mark = {1: None, 2: "-", 3: "~"}[len(heading[1])]
            out += [title, mark * len(title), ""] if mark else []
        elif line.startswith("|"):
            end = i
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            out += ["", *table(lines[i:end])]
            i = end - 1
        elif line.startswith("    ") and not (out[-1:] or [""])[0].strip():
            out += ["::", ""]
            while i < len(lines) and (lines[i].startswith("    ") or not lines[i]):
                out.append(lines[i])
                i += 1
            out.append("")
            i -= 1
        else:
            out.append(inline(line))
        i += 1
    return out


class Markdown(SphinxDirective):
    "A page in Markdown."

    required_arguments = 1
    option_spec = {"section": directives.unchanged_required}

    def run(self):
        path = os.path.join(TOP, "doc/manual", self.arguments[0])
        self.env.note_dependency(path)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if "section" in self.options:
            text = text.split("\n## %s\n" % self.options["section"])[1].split("\n## ")[0]
        lines = rst(text)
        holder = nodes.section()
        holder.document = self.state.document
        self.state.nested_parse(StringList(lines, path), 0, holder, match_titles=1)
        return holder.children


def setup(app):
    app.add_directive("clicmd", CliCmd)
    app.add_directive("siteconf", SiteConf)
    app.add_directive("markdown", Markdown)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    write_siteconfs()
