"""
Labels that people disagree on
==============================

Several people look at the same picture and do not all say the same. ``y`` may hold their votes, a
column for each class; no majority has to be made up.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skmax import SoftmaxRegression

# %%
# Three annotators
# ----------------
# Each is right with a probability of their own, and otherwise names any digit.
random = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X / 16, y, random_state=0)
skills = (0.9, 0.7, 0.5)
said = np.array([
    np.where(random.random(len(y)) < skill, y, random.integers(0, 10, len(y))) for skill in skills
])  # fmt: skip
votes = np.eye(10)[said].sum(axis=0)  # how many say what: (n_samples, n_classes)
agree = (said == said[0]).all(axis=0).mean()
print(f"all three agree on {agree:.0%} of the pictures")

# %%
# The majority, or all votes
# --------------------------
# A majority counts a picture on which all agree like one on which they do not. Votes keep the
# doubt, and a row of counts is the same as so many rows with a label each.
majority = votes.argmax(axis=1)
by_majority = SoftmaxRegression(C=0.1).fit(X, majority)
by_votes = SoftmaxRegression(C=0.1).fit(X, votes)
for name, model in (("majority", by_majority), ("all votes", by_votes)):
    p = model.predict_proba(X_test)
    print(f"{name:>9}: right {model.score(X_test, y_test):.3f}, "
          f"log-loss {log_loss(y_test, p):.3f}")  # fmt: skip

# %%
# Pictures on which the annotators disagree most, with their votes and what the model makes of them.
mean = votes / votes.sum(axis=1, keepdims=True)
doubtful = np.argsort(mean.max(axis=1), kind="stable")[:4]
figure, axes = plt.subplots(2, 4, figsize=(9, 3.8), layout="constrained")
for column, index in enumerate(doubtful):
    axes[0, column].imshow(X[index].reshape(8, 8), cmap="gray_r")
    axes[0, column].set(title=f"really a {y[index]}", xticks=[], yticks=[])
    axes[1, column].bar(np.arange(10) - 0.2, mean[index], 0.4, label="votes")
    axes[1, column].bar(
        np.arange(10) + 0.2, by_votes.predict_proba(X[[index]])[0], 0.4, label="model"
    )
    axes[1, column].set(xticks=range(10), ylim=(0, 1))
axes[1, 0].legend()
plt.show()
