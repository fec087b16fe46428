"""
How much the start decides
==========================

A network's predictions depend on its random initial weights. Several starts show by how much; a
reliability diagram shows how far its probabilities may be trusted.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skmax import MLPClassifier, hardmax, softmax

# %%
# Argmax to predict, softmax to train
# -----------------------------------
# Both keep the ranking; only softmax has a slope: the derivative of probability i by logit j is
# p_i (1 - p_i) for i = j, and -p_i p_j otherwise.
logits = np.array([2.0, 1.0, 0.1])
p = softmax(logits)
print("argmax ", hardmax(logits))
print("softmax", p.round(3))
print("slopes\n", (np.diag(p) - np.outer(p, p)).round(3))

# %%
# Ten starts
# ----------
# The same data, the same settings, other initial weights.
X, y = make_classification(
    1500, 20, n_informative=8, n_classes=2, flip_y=0.1, class_sep=0.7, random_state=0
)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
settings = {"learning_rate": "cosine", "learning_rate_init": 0.01, "max_iter": 60}
starts = [MLPClassifier((30,), random_state=seed, **settings).fit(X, y) for seed in range(10)]
found = np.array([model.predict_proba(X_test)[:, 1] for model in starts])
print("accuracy ", [f"{model.score(X_test, y_test):.3f}" for model in starts])
print(f"a sample's probability varies by {found.std(axis=0).mean():.3f} (standard deviation)")

# %%
# ``n_init`` keeps the best of several starts: by the validation set's loss where there is one.
# Their mean is better than each: what a start makes up, the others do not.
X_fit, X_val, y_fit, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
best = MLPClassifier((30,), random_state=0, n_init=10, **settings)
best.fit(X_fit, y_fit, X_val=X_val, y_val=y_val)
mean = found.mean(axis=0)
losses = [log_loss(y_test, probabilities) for probabilities in found]
print(f"log-loss: {np.mean(losses):.3f} on average, {log_loss(y_test, mean):.3f} of their mean, "
      f"{log_loss(y_test, best.predict_proba(X_test)):.3f} of the best")  # fmt: skip

# %%
# Where the curve lies below the diagonal on the right, the network is too sure of itself.
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
order = mean.argsort()
axes[0].fill_between(np.arange(len(order)), found.min(axis=0)[order], found.max(axis=0)[order],
                     alpha=0.3, label="ten starts")  # fmt: skip
axes[0].plot(mean[order], label="their mean")
axes[0].set(title="Probability of class 1", xlabel="test sample, in order of the mean")
axes[0].legend()
for place, probabilities in enumerate(found):
    share, predicted = calibration_curve(y_test, probabilities, n_bins=8)
    axes[1].plot(predicted, share, color="C0", alpha=0.3, label="each start" if not place else None)
share, predicted = calibration_curve(y_test, mean, n_bins=8)
axes[1].plot(predicted, share, "o-", color="C1", label="their mean")
axes[1].plot([0, 1], [0, 1], "k:", label="what it says is so")
axes[1].set(title="Reliability", xlabel="predicted probability", ylabel="share of class 1")
axes[1].legend()
plt.show()
