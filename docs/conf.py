"""How Sphinx makes the handbook: `make docs`, without a network."""

from importlib.metadata import version as installed_version

project = "Safeguarding records"
version = release = installed_version("cpoms-core")
language = "en-GB"
extensions = ["myst_parser"]
exclude_patterns = ["images"]
html_theme = "furo"
html_title = project
html_show_copyright = False
html_copy_source = False
myst_heading_anchors = 3
