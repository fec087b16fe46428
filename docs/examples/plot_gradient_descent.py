"""
Gradient descent by hand
========================

A softmax classifier needs no more than its gradient at the logits: prediction minus target. Plain
steps along it come to where SoftmaxRegression is after a few steps of its own.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from skmax import MLPClassifier, SoftmaxRegression, cross_entropy, cross_entropy_with_grad, softmax

# %%
# One sample
# ----------
# Of class 2 of 4, predicted with probability 0.2: its loss is -ln 0.2.
logits, label = np.log([[0.3, 0.2, 0.1, 0.4]]), [1]
loss, gradient = cross_entropy_with_grad(logits, label)
print(f"{loss:.3f}", gradient.round(2), (softmax(logits) - np.eye(4)[label]).round(2))

# %%
# All samples
# -----------
X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
C, n = 1.0, len(y)
W, b, rate, curve = np.zeros((4, 3)), np.zeros(3), 0.5, []
for _ in range(2000):
    logits = X @ W + b
    loss, gradient = cross_entropy_with_grad(logits, y)
    curve.append(loss + (W**2).sum() / (2 * C * n))
    W -= rate * (X.T @ gradient + W / (C * n))
    b -= rate * gradient.sum(axis=0)
exact = SoftmaxRegression(C=C).fit(X, y)
print(f"by hand {curve[-1]:.8f}, SoftmaxRegression {exact.objective_:.8f}")

# %%
# The same steps by a network without hidden layers, all samples in one batch.
network = MLPClassifier(
    (), solver="sgd", momentum=0.0, learning_rate_init=rate, alpha=1 / C, batch_size=n
)
network.partial_fit(X, y, classes=[0, 1, 2])
network.coefs_, network.intercepts_ = [np.zeros((4, 3))], [np.zeros(3)]
for _ in range(20):
    network.partial_fit(X, y)
W, loss = network.coefs_[0], cross_entropy(network.decision_function(X), y)
print(f"after twenty steps: {curve[20]:.6f} by hand, {loss + (W**2).sum() / (2 * C * n):.6f}")

# %%
figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
axis.loglog(np.arange(1, 2001), np.array(curve) - exact.objective_ + 1e-16, label="by hand")
gaps = np.array(exact.loss_curve_) - exact.objective_
axis.loglog(np.arange(1, len(gaps) + 1), gaps + 1e-16, "o-", label="SoftmaxRegression")
axis.set(xlabel="steps", ylabel="above the minimum", title="The objective on the way")
axis.legend()
plt.show()
