"""
A network on the spiral
=======================

Three arms of a hundred points, wound around each other: no straight line tells them apart. A
network with three hidden units and weights near 0 knows nothing yet; a wider one learns the arms.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmax import MLPClassifier, softmax

# %%
# Softmax
# -------
# What comes out of the last layer are logits; softmax makes probabilities of them. Large logits are
# no trouble: only their differences count.
logits = np.array([[4.8, 1.21, 2.385], [8.9, -1.81, 0.2], [1.41, 1.051, 0.026]])
print(softmax(logits).round(4))
print(softmax(logits[0] + 1000).round(4))


# %%
# The data
# --------
def spiral(n_points=100, n_classes=3, seed=0):
    """Points on arms that turn by 4 radians on their way out."""
    rng = np.random.default_rng(seed)
    radius = np.tile(np.linspace(0, 1, n_points), n_classes)
    y = np.repeat(np.arange(n_classes), n_points)
    angle = 4 * (y + radius) + 0.2 * rng.standard_normal(len(y))
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), y


X, y = spiral()

# %%
# Untrained
# ---------
# Weights drawn as 0.01 N(0, 1): every row is near 1/3 for each class. A fitted network is its
# `coefs_` and `intercepts_`: whatever is put there is what it predicts with.
rng = np.random.default_rng(0)
small = MLPClassifier((3,), random_state=0).partial_fit(X, y, classes=[0, 1, 2])
small.coefs_ = [0.01 * rng.standard_normal(weights.shape) for weights in small.coefs_]
small.intercepts_ = [np.zeros_like(bias) for bias in small.intercepts_]
print(small.predict_proba(X)[:5].round(5))

# %%
# Trained
# -------
# Sixty-four hidden units, and steps of Adam whose length rises and falls over the fit.
model = MLPClassifier(
    (64,), learning_rate="one_cycle", learning_rate_init=0.05, max_iter=500, random_state=0
).fit(X, y)
print(f"accuracy {model.score(X, y):.3f}")

# %%
# What it has learnt, everywhere.
side = np.linspace(-1.1, 1.1, 300)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
colours = np.array(plt.get_cmap("viridis")([0.0, 0.5, 0.95]))[:, :3]
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
picture = (model.predict_proba(grid) @ colours).reshape(300, 300, 3)
axes[0].imshow(picture, origin="lower", extent=(-1.1, 1.1, -1.1, 1.1), alpha=0.6)
axes[0].scatter(*X.T, c=colours[y], s=12, edgecolor="k", linewidth=0.4)
axes[0].set(title="Probabilities of the three arms", xlabel="first column", ylabel="second column")
axes[1].semilogy(model.loss_curve_)
axes[1].set(title="Training", xlabel="epoch", ylabel="cross-entropy and penalty")
plt.show()
