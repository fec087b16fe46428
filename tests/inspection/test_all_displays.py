"""What holds for all displays."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
from displays import ALL, simulated

import skmax
from skmax import regularization_path
from skmax.inspection import (
    CoefficientDisplay,
    CoefficientPathDisplay,
    LossCurveDisplay,
    MulticlassRocDisplay,
    ScorePathDisplay,
)


def test_displays_draw_where_they_are_told_and_draw_again(iris, model, cross_validated):
    X, y = iris
    path = regularization_path(X, y, Cs=3)
    figure, axes = plt.subplots(2, 4)
    displays = [
        LossCurveDisplay.from_estimator(model, ax=axes.flat[0]),
        *(d.from_estimator(model, X, y, ax=ax) for d, ax in zip(ALL, axes.flat[1:4], strict=True)),
        CoefficientDisplay.from_estimator(model, ax=axes.flat[4]),
        CoefficientPathDisplay.from_path(path, ax=axes.flat[5]),
        ScorePathDisplay.from_estimator(cross_validated, ax=axes.flat[6]),
    ]
    for display, ax in zip(displays, axes.flat, strict=False):
        assert display.ax_ is ax
        assert display.figure_ is figure
        assert display.plot() is display
        assert display.figure_ is not figure


def test_importing_the_displays_loads_no_matplotlib():
    script = "import sys, skmax.inspection; sys.exit('matplotlib' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(Path(skmax.__file__).parents[1])}
    assert (
        subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
    )


def test_text_and_averages_are_light_on_dark_paper():
    y, p = simulated(3)
    with plt.style.context("dark_background"):
        display = MulticlassRocDisplay.from_predictions(y, p)
        macro = [line for line in display.ax_.lines if line.get_label().startswith("macro")]
        assert macro[0].get_color() == plt.rcParams["text.color"] == "white"
