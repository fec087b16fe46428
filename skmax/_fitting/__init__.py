"""The fit of an MLPClassifier: from its parameters to its attributes."""

from skmax._fitting.parts import network_of, sizes_before
from skmax._fitting.start import ASKED, INTERRUPTED
from skmax._fitting.starts import train, train_further
from skmax._fitting.validation import HeldOut, set_aside

__all__ = [
    "ASKED",
    "INTERRUPTED",
    "HeldOut",
    "network_of",
    "set_aside",
    "sizes_before",
    "train",
    "train_further",
]
