"""
Logits, sigmoid and softmax
===========================

A classifier's last layer gives a logit for each class: any number, large or small, negative or
not. Two functions turn logits into probabilities, and they answer different questions.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmax import sigmoid, softmax

# %%
# One question, or several
# ------------------------
# The sigmoid looks at each logit on its own: "does the picture show a dog?", "does it show a cat?".
# The answers need not sum to 1: that is multi-label classification. Softmax compares the logits:
# "which of the three is it?". Its answers sum to 1: multi-class classification.
logits = np.array([4.0, 2.0, -2.0])
print("sigmoid", sigmoid(logits).round(3), "sum", sigmoid(logits).sum().round(3))
print("softmax", softmax(logits).round(3), "sum", softmax(logits).sum().round(3))

# %%
# A logit is the logarithm of the odds
# ------------------------------------
# For one class, z = log(p / (1 - p)): the sigmoid is the way back. Of two classes, softmax of the
# logits 0 and z is the same.
p = 0.8
z = np.log(p / (1 - p))
print(sigmoid(z).round(3), softmax([0.0, z])[1].round(3))

# %%
# Another base, another temperature
# ---------------------------------
# Any base above 1 serves in place of e: a base b is the temperature 1 / log(b). A high temperature
# evens out the probabilities, a low one sharpens them; the order never changes.
base = 2.0
print((base**logits / (base**logits).sum()).round(3))
print(softmax(logits, temperature=1 / np.log(base)).round(3))

# %%
# Large logits
# ------------
# exp(1000) is beyond all numbers. Softmax subtracts the largest logit first, which changes nothing
# else.
print(softmax([1000.0, 999.0, 990.0]).round(3))

# %%
temperatures = np.logspace(-1, 2, 200)
curves = np.array([softmax(logits, temperature=t) for t in temperatures])
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
z = np.linspace(-6, 6, 200)
axes[0].plot(z, sigmoid(z))
axes[0].plot(logits, sigmoid(logits), "o")
axes[0].set(title="Sigmoid: each logit on its own", xlabel="logit", ylabel="probability")
for k, logit in enumerate(logits):
    axes[1].plot(temperatures, curves[:, k], label=f"logit {logit:g}")
axes[1].axvline(1, color="grey", linestyle=":")
axes[1].set(title="Softmax: the logits together", xlabel="temperature", xscale="log")
axes[1].legend()
plt.show()
