"""Fit the networks of the live pages, and write them beside the pages.

python docs/make_live_models.py

The pages are to work from a file, without a server: so each model is a script that defines it.
"""

import json
from pathlib import Path

import numpy as np
from matplotlib.colors import XKCD_COLORS, to_rgb
from sklearn.model_selection import train_test_split

from skmax import MLPClassifier
from skmax.export import to_json

LIVE = Path(__file__).resolve().parent / "extra" / "live"
WORDS = ("red", "green", "blue", "orange", "yellow", "pink", "purple", "brown", "grey")
EPOCHS = (1, 10, 100)


def colours():
    """Return the named colours that hold exactly one of the nine words."""
    names = [name.removeprefix("xkcd:") for name in XKCD_COLORS]
    words = [[word for word in WORDS if word in name] for name in names]
    kept = [(name, word[0]) for name, word in zip(names, words, strict=True) if len(word) == 1]
    return np.array([to_rgb(f"xkcd:{name}") for name, _ in kept]), np.array([w for _, w in kept])


def colour_network():
    """Return the network of the worked example, fitted."""
    X, y = colours()
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
    model = MLPClassifier(
        (16,), activation="logistic", solver="sgd", learning_rate_init=0.2, momentum=0.0, alpha=0.0,
        batch_size=4, max_iter=500, tol=1e-3, n_iter_no_change=20, random_state=0,
    )  # fmt: skip
    return model.fit(X, y, X_val=X_val, y_val=y_val)


def spiral():
    """Return the points of three arms, and the arm of each."""
    random, radius = np.random.default_rng(0), np.linspace(0.02, 1, 100)
    arms = []
    for arm in range(3):
        angle = 4 * arm + 4 * radius + 0.2 * random.normal(size=100)
        arms.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return np.concatenate(arms).round(3), np.repeat(np.arange(3), 100)


def spiral_networks():
    """Return the network after each of `EPOCHS`, by epoch."""
    X, y = spiral()
    model = MLPClassifier((64,), learning_rate_init=0.05, batch_size=300, random_state=0)
    models = {}
    for epoch in range(1, max(EPOCHS) + 1):
        model.partial_fit(X, y, classes=np.arange(3))
        if epoch in EPOCHS:
            models[epoch] = json.loads(to_json(model))
    return models


def main():
    """Write the scripts."""
    X, y = spiral()
    document = {"points": X.tolist(), "labels": y.tolist(), "models": spiral_networks()}
    (LIVE / "colours_model.js").write_text(f"const COLOURS = {to_json(colour_network())};\n")
    (LIVE / "spiral_models.js").write_text(f"const SPIRAL = {json.dumps(document)};\n")


if __name__ == "__main__":
    main()
