"""Pictures of a race: how near each method comes to the minimum, and how long that takes."""

import itertools
import statistics

MARKERS = "osD^vP*X<>"
FLOOR = 1e-9  # gaps below are drawn there


def draw(race, label, folder):
    """Draw the fits of a race as (seconds, relative gap), a line a method: FOLDER/label.svg."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots()
    markers = itertools.cycle(MARKERS)
    for one in race.field:
        points = _points(one.runs, race.minimum)
        if points:
            ours = one.library == "skmax"
            name = one.library if ours else f"{one.library} {one.label}"
            axes.plot(
                *zip(*points, strict=True), marker=next(markers), markersize=5, label=name,
                linewidth=2.5 if ours else 1, zorder=3 if ours else 2,
            )  # fmt: skip
    axes.set(
        title=f"{label}: {race.X.shape[0]} rows, {race.X.shape[1]} columns",
        xlabel="seconds of a fit", ylabel="relative gap to the minimum", xscale="log",
        yscale="log", ylim=(FLOOR / 2, 10),
    )  # fmt: skip
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter("")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8)
    folder.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(folder / f"{label.replace(' ', '_')}.svg", metadata={"Date": None})


def _points(runs, minimum):
    """Return (seconds, gap) for each tolerance from large to small: medians where it ran again."""
    by_tolerance = {}
    for run in sorted(runs, key=lambda run: -run.tol):
        by_tolerance.setdefault(run.tol, []).append(run)
    return [
        (statistics.median(run.seconds for run in same), max(same[0].value / minimum - 1, FLOOR))
        for same in by_tolerance.values()
    ]
