"""How the command line names a data set: name[:raw|:scaled][:rows]."""

from . import data

PANEL = (
    "letter",
    "satimage:raw",
    "covtype:100000",
    "covtype:raw:100000",
    "mnist:20000",
    "news20:raw",
    "fars:raw:50000",
    "quickdraw345:6000",
    "texture:raw",
    "leukemia_all",
)


def expand(texts):
    """Return {label: keyword arguments of data.load} for the named sets."""
    sets = {}
    for text in texts:
        name, *rest = text.split(":")
        for one in data.names() if name == "all" else [name]:
            settings = _settings(one, rest)
            sets[_label(**settings)] = settings
    return sets


def _settings(name, rest):
    """Read what follows the name."""
    settings = {"name": name, "scaling": "scaled", "rows": None}
    for part in rest:
        if part.isdigit():
            settings["rows"] = int(part)
        elif part in ("raw", "scaled"):
            settings["scaling"] = part
        else:
            raise SystemExit(f"{part!r} is neither 'raw', 'scaled' nor a number of rows")
    return settings


def _label(name, scaling, rows):
    """Return the set's name in a table."""
    return f"{name} {scaling}" if rows is None else f"{name} {scaling} {rows}"
