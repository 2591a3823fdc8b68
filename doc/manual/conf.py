# SPDX-License-Identifier: GPL-2.0-or-later
"The manual: `make html`, `make man`."
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "_ext"))

project = "frr-wgd"
copyright = "the frr-wgd project"
author = "the frr-wgd project"
extensions = ["sphinx.ext.graphviz", "wgdoc"]
graphviz_output_format = "svg"
source_suffix = ".rst"
root_doc = "index"
exclude_patterns = ["_ext"]
rst_prolog = """
.. |sites| replace:: In the configurations ``lan`` is the interface to the LAN, 10.255.N.2 and fd00:255:N::2 are the sites in the underlay.
"""
highlight_language = "none"
smartquotes = False  # what is typed has straight ones
nitpicky = True

html_theme = "alabaster"
html_theme_options = {"description": "WireGuard links that are routed, for FRRouting"}
html_copy_source = False
html_show_sphinx = False

man_pages = [
    ("man/wgd", "wgd", "WireGuard interfaces as routed links", "", 8),
    ("man/wg-import", "wg-import", "from wg-quick to frr.conf", "", 8),
    ("man/wg-export", "wg-export", "the file of a client with plain WireGuard", "", 8),
    ("man/wgd-mesh", "wgd-mesh", "the keeper's tool of a mesh", "", 8),
]
