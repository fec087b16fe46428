"""The README's table: how many times faster skmax is than the best of each library."""

import math
import statistics
import sys
from dataclasses import dataclass

from .data import Unavailable
from .machine import describe
from .pictures import draw
from .race import GAPS, Race
from .workers import Stopped


@dataclass
class Ratio:
    """Their time over ours; the mark is '>' or '<' where they or we did not get there, else '?'."""

    value: float
    mark: str

    @classmethod
    def of(cls, ours, theirs):
        marks = {(True, True): "", (True, False): ">", (False, True): "<", (False, False): "?"}
        tried = math.isfinite(theirs.seconds) and math.isfinite(ours.seconds)
        mark = marks[ours.reached, theirs.reached] if tried else "?"
        return cls(theirs.seconds / ours.seconds if tried else math.nan, mark)

    @property
    def known(self):
        return self.mark != "?"

    def __str__(self):
        return f"{self.mark} {self.value:.3g}".strip() if self.known else "-"


def table(sets, libraries, *, C, limit, dtype, repeats, pictures):
    """Measure every set, a row at a time, and print the table; return the exit status.

    Where `pictures` is a folder, the fits of each set are drawn there.
    """
    print(f"{dtype}, C={C:g}; {describe('skmax', *libraries, 'numpy', 'numba')}.")
    print("How many times faster skmax comes within a relative gap of the minimum")
    print("than the best of each library, one thread or all.\n")
    pairs = [(library, gap) for library in libraries for gap in GAPS]
    timed = [(library, gap) for library in ("skmax", *libraries) for gap in GAPS]
    _line("data", "rows x columns, classes", *(f"{name} at {gap:.0e}" for name, gap in pairs),
          *(f"s, {name} at {gap:.0e}" for name, gap in timed))  # fmt: skip
    _line("---", "---", *["---:"] * (len(pairs) + len(timed)))
    ratios, ours = {pair: [] for pair in pairs}, []
    for label, settings in sets.items():
        print(f"{label}:", file=sys.stderr)
        try:
            race = Race({**settings, "dtype": dtype}, libraries, C=C, limit=limit)
            times = race.run(repeats)
        except (Unavailable, Stopped) as error:
            print(f"  left out: {error}", file=sys.stderr)
            continue
        if pictures:
            draw(race, label, pictures)
        for library, gap in pairs:
            ratio = Ratio.of(times["skmax", gap], times[library, gap])
            ratios[library, gap].append(ratio)
        ours += [times["skmax", gap] for gap in GAPS]
        shape = "{} x {}, {}".format(*race.X.shape, race.y.max() + 1)
        last = (str(column[-1]) for column in ratios.values())
        _line(label, shape, *last, *(_seconds(times[pair]) for pair in timed))
    if not ours:
        return 1
    _print_means(ratios, [""] * len(timed))
    print(f"\n'>': the library did not get there; a fit is stopped after {limit:g} s.")
    if not all(time.reached for time in ours):
        print("'<': skmax did not get there.")
    return 0


def _print_means(ratios, blank):
    """Print the geometric means of the ratios, and those of the ratios that are no bounds."""
    _line("**geometric mean**", "", *(_mean(column) for column in ratios.values()), *blank)
    if any(ratio.mark == ">" for column in ratios.values() for ratio in column):
        plain = ([r for r in column if r.mark != ">"] for column in ratios.values())
        _line("**without '>'**", "", *(_mean(column) for column in plain), *blank)


def _line(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def _seconds(time):
    if not math.isfinite(time.seconds):
        return "-"
    return f"{time.seconds:.3g}" if time.reached else f"> {time.seconds:.3g}"


def _mean(ratios):
    """Return the geometric mean of the known ratios."""
    logs = [math.log(ratio.value) for ratio in ratios if ratio.known]
    return f"**{math.exp(statistics.fmean(logs)):.3g}**" if logs else "-"
