"""Pictures of a race: how near each method comes to the minimum, and how long that takes."""

import itertools

MARKERS = "osD^vP*X<>"
FLOOR = 1e-9  # gaps below are drawn there


def draw(race, label, folder):
    """Draw every fit of a race as (seconds, relative gap), a line a method: FOLDER/label.svg."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    markers = itertools.cycle(MARKERS)
    for one in race.field:
        points = sorted((run.seconds, max(run.value / race.minimum - 1, FLOOR)) for run in one.runs)
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
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{label.replace(' ', '_')}.svg")
