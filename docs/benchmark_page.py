"""The page of benchmarks: the tables of the README, which are the results, and pictures."""

import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

README = Path(__file__).resolve().parent.parent / "README.md"
#: What is drawn: the table under a title of the README, its first column and those of ratios.
PICTURES = {
    "Default fits of small and middle tables": ["raw, C=1", "standardised, C=1"],
    "Against LogisticRegression": ["gap 1e-3", "gap 1e-6"],
}
COLOURS, MARKERS = ("#0072B2", "#E69F00"), ("o", "s")


def sections():
    """Return the measured sections of the README, text by title."""
    found = re.findall(r"\n## ([^\n]+)\n(.*?)(?=\n## |\Z)", README.read_text(), re.DOTALL)
    return {
        title: re.sub(r"<!--.*?-->\n?", "", text).strip() for title, text in found if "<!--" in text
    }


def tables(text):
    """Return the tables of a text: the names of the columns and the rows."""
    found = []
    for block in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        lines = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
        ]
        found.append((lines[0], [line for line in lines[2:] if len(line) == len(lines[0])]))
    return found


def draw(title, columns, path):
    """Draw how many times faster, a row for each data set, on a logarithmic scale."""
    names, rows = next(
        (names, rows) for names, rows in tables(sections()[title]) if set(columns) <= set(names)
    )
    rows = [row for row in rows if "mean" not in row[0]][::-1]
    figure, ax = plt.subplots(figsize=(7, 1.2 + 0.27 * len(rows)), layout="constrained")
    ax.axvline(1, color="black", linewidth=0.8)
    for colour, marker, column in zip(COLOURS, MARKERS, columns, strict=True):
        index = names.index(column)
        numbers = [(float(row[index]), y) for y, row in enumerate(rows) if row[index]]
        ax.plot(*zip(*numbers, strict=True), marker, color=colour, label=column)
    ax.set(
        yticks=range(len(rows)), yticklabels=[row[0] for row in rows], xscale="log",
        xlabel="times faster than LogisticRegression (right of the line: skmax is)",
    )  # fmt: skip
    ax.xaxis.set_major_formatter("{x:g}")
    ax.grid(axis="x", alpha=0.3)
    ax.legend(loc="best")
    figure.savefig(path, facecolor="white", metadata={"Date": None})
    plt.close(figure)


def write(folder):
    """Write benchmarks.md and its pictures into a folder."""
    lines = [
        "# Benchmarks", "",
        "How fast fits are, and beside whom. The tables are those of the README; each names the",
        "script in `benchmarks/` that it comes from, the machine and the versions. Where skmax is",
        "slower, the tables say so.", "",
    ]  # fmt: skip
    with mpl.rc_context({"svg.hashsalt": "skmax"}):
        for index, (title, text) in enumerate(sections().items()):
            lines += [f"## {title}", ""]
            if title in PICTURES:
                name = f"benchmark_{index}.svg"
                draw(title, PICTURES[title], Path(folder) / "pictures" / name)
                lines += [f"![{title}: how many times faster](pictures/{name})", ""]
            lines += [text.replace("](docs/", "]("), ""]
    path, text = Path(folder) / "benchmarks.md", "\n".join(lines)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
