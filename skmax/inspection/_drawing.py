"""What the displays share: axes, colours, and which of many lines are named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Told apart with any colour vision, on white paper and on dark (M. Okabe, K. Ito, Color Universal
#: Design, 2008), without their black and yellow, which one of the two hides.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
#: For those who cannot tell colours at all.
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 3)))
#: Lines that are named in a legend; of more, these and the rest as thin lines of one colour.
MOST_NAMED = len(COLOURS)
THIN = 0.7
#: Together they are as dark as this many opaque ones, each not below the second number.
OPAQUE, FAINTEST = 4.0, 0.1
#: Entries of a legend that covers a part of the picture; a longer one stands beside it.
MOST_INSIDE = 5


def axes_for(ax: "Axes | None") -> "Axes":
    """The axes to draw on; new ones where there are none.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError('displays need matplotlib: pip install "skmax[plot]"') from error

    return plt.subplots(layout="constrained")[1] if ax is None else ax


def ink() -> Any:
    """The colour of text, which is light on dark paper."""
    import matplotlib as mpl

    return mpl.rcParams["text.color"]


def style(index: int) -> dict[str, Any]:
    """The colour and the dashes of the line of that index: other dashes where colours return."""
    dashes = DASHES[(index + index // MOST_NAMED) % MOST_NAMED]
    return {"color": COLOURS[index % MOST_NAMED], "linestyle": dashes}


@dataclass(frozen=True)
class Named:
    """Which of several lines get a name, most striking first, and how all are drawn."""

    indices: list[int]
    n_lines: int

    @classmethod
    def most_striking(cls, how_striking: Sequence[float] | np.ndarray) -> "Named":
        """All, in their order, where they are few; else those of the largest numbers."""
        order = np.argsort(-np.nan_to_num(np.asarray(how_striking, float)), kind="stable")
        few = len(order) <= MOST_NAMED
        return cls([int(i) for i in (np.sort(order) if few else order[:MOST_NAMED])], len(order))

    @property
    def others(self) -> list[int]:
        """The lines without a name of their own."""
        return [index for index in range(self.n_lines) if index not in self.indices]

    def styles(self, names: Sequence[str], of_what: str) -> list[tuple[int, dict[str, Any]]]:
        """The lines in the order in which to draw them, with the keywords for each."""
        alpha = min(0.5, max(FAINTEST, OPAQUE / max(len(self.others), 1)))
        thin = {"color": ink(), "linewidth": THIN, "alpha": alpha}
        rest = [(index, dict(thin)) for index in self.others]
        if rest:
            rest[0][1]["label"] = f"{len(rest)} other {of_what}"
        named = [
            (index, {**style(at), "label": names[index]}) for at, index in enumerate(self.indices)
        ]
        return rest + named


def legend(ax: "Axes", loc: str = "best") -> None:
    """Name the lines: in a corner, or beside the picture where they are many."""
    beside = len(ax.get_legend_handles_labels()[1]) > MOST_INSIDE
    where = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0)} if beside else {"loc": loc}
    made = ax.legend(fontsize="small", **where)
    for handle in made.get_lines():
        handle.set_alpha(1.0)


def short(text: Any, most: int = 24) -> str:
    """A name of at most so many characters, cut where it is longer."""
    text = str(text)
    return text if len(text) <= most else text[: most - 1] + "…"
