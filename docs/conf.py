"""The documentation's settings. Nothing here needs a network; .ci/run makes warnings errors."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.util import logging

import skmax
import skmax.export
import skmax.functional
import skmax.inspection

sys.path.append(str(Path(__file__).parent))
import benchmark_page
import message_page

project = "skmax"
author = "skmax developers"
copyright = author
version = release = installed_version("skmax")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # formulas without a network
    "myst_nb",  # for CHANGELOG.md, and the notebook
    "numpydoc",
    "sphinx_design",  # the cards of the first page
    "sphinx_gallery.gen_gallery",  # docs/examples
]
source_suffix = {".rst": "restructuredtext", ".ipynb": "myst-nb"}
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
templates_path = ["_templates"]
exclude_patterns = [
    "_build", "_templates", "auto_examples/*.ipynb", "examples", "extra", "**/.ipynb_checkpoints",
]  # fmt: skip
default_role = "code"

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "abort_on_example_error": True,
    "min_reported_time": 1000,
    "show_memory": False,
    "download_all_examples": False,
    "within_subsection_order": "FileNameSortKey",
}

html_extra_path = ["extra"]
html_theme = "pydata_sphinx_theme"
html_title = f"skmax {release}"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}

autodoc_typehints = "none"  # numpydoc's sections say more
numpydoc_show_class_members = False  # _templates/autosummary/class.rst lists them
numpydoc_validation_checks = {
    "GL08",  # no docstring
    "SS01",  # no summary
    "PR01",  # a parameter is not documented
    "PR02",  # a documented parameter does not exist
    "PR03",  # parameters in another order
    "PR04",  # a parameter without its type
    "PR07",  # a parameter without its description
    "RT01",  # no Returns section
    "RT03",  # a return value without its description
}

nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(numpy|np|scipy|sklearn|pandas)\..*")]  # other projects' pages

PUBLIC_MODULES = (skmax, skmax.functional, skmax.inspection, skmax.export)


def undocumented_names(app, env):
    """Warn of each public name that no page describes, under one of its public addresses."""
    described = env.get_domain("py").objects
    for module in PUBLIC_MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            addresses = [
                f"{other.__name__}.{name}"
                for other in PUBLIC_MODULES
                if getattr(other, name, None) is value
            ]
            is_module = value in PUBLIC_MODULES
            if not name.startswith("__") and not is_module and not described.keys() & addresses:
                logging.getLogger(__name__).warning(
                    "%s.%s is public and not on the API page", module.__name__, name
                )


def setup(app):
    """Make the pages that are made; check at the end of reading that all names are described."""
    message_page.write(Path(__file__).parent)
    benchmark_page.write(Path(__file__).parent)
    app.connect("env-check-consistency", undocumented_names)
