"""
Names of colours
================

Red, green and blue in, one of nine names out: a hidden layer of sigmoid units, a softmax output,
plain gradient steps on minibatches. The data are names that people have given to colours in the
XKCD survey, as matplotlib brings them.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import XKCD_COLORS, to_rgb
from sklearn.model_selection import train_test_split

from skmax import MLPClassifier, softmax

# %%
# From fractions to softmax
# -------------------------
# Numbers become fractions of their sum by dividing by it. Softmax expands the differences.
numbers = np.array([2.0, 2.0, 1.0, 5.0])
print((numbers / numbers.sum()).round(3), softmax(numbers).round(3))

# %%
# Names that hold exactly one of the nine words
# ---------------------------------------------
WORDS = ("red", "green", "blue", "orange", "yellow", "pink", "purple", "brown", "grey")
names = [name.removeprefix("xkcd:") for name in XKCD_COLORS]
held = [[word for word in WORDS if word in name] for name in names]
kept = [place for place, words in enumerate(held) if len(words) == 1]
X = np.array([to_rgb(f"xkcd:{names[place]}") for place in kept])
y = np.array([held[place][0] for place in kept])
print(len(y), "colours")

# %%
# Training, with a look at colours that are set aside
# ---------------------------------------------------
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
model = MLPClassifier(
    (16,), activation="logistic", solver="sgd", learning_rate_init=0.2, momentum=0.0, alpha=0.0,
    batch_size=4, max_iter=500, tol=1e-3, n_iter_no_change=20, random_state=0,
).fit(X_train, y_train, X_val=X_val, y_val=y_val)  # fmt: skip
print(f"right: {model.score(X_train, y_train):.3f} of the colours trained on, "
      f"{model.score(X_val, y_val):.3f} of the others")  # fmt: skip

# %%
# Names for new colours
# ---------------------
rng = np.random.default_rng(3)
picked = rng.random((12, 3))
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", width_ratios=(3, 2))
axes[0].plot(model.loss_curve_, label="training")
axes[0].plot(model.validation_loss_curve_, label="validation")
axes[0].set(title="Both losses", xlabel="epoch", ylabel="cross-entropy")
axes[0].legend()
for place, (colour, name, p) in enumerate(
    zip(picked, model.predict(picked), model.predict_proba(picked).max(axis=1), strict=True)
):
    row, column = divmod(place, 3)
    axes[1].add_patch(plt.Rectangle((column, -row), 1, 1, color=colour))
    light = "k" if colour @ [0.3, 0.6, 0.1] > 0.5 else "w"
    axes[1].text(column + 0.5, 0.5 - row, f"{name}\n{p:.2f}", color=light, ha="center", va="center")
axes[1].set(xlim=(0, 3), ylim=(-3, 1), title="Picked at random")
axes[1].axis("off")
plt.show()
