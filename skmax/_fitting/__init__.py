"""The fit of an MLPClassifier: from its parameters to its attributes."""

from skmax._fitting.parts import network_of, sizes_before, with_weight
from skmax._fitting.start import ASKED, INTERRUPTED
from skmax._fitting.starts import n_starts_of, train, train_further
from skmax._fitting.validation import HeldOut, set_aside

__all__ = [
    "ASKED",
    "INTERRUPTED",
    "HeldOut",
    "n_starts_of",
    "network_of",
    "set_aside",
    "sizes_before",
    "train",
    "train_further",
    "with_weight",
]
