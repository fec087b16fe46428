"""Fitted estimators for other programs: as JSON and back, and as ONNX."""

from skmax.export._json import from_json, to_json
from skmax.export._onnx import register_onnx

__all__ = ["from_json", "register_onnx", "to_json"]
