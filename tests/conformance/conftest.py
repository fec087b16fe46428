"""Loads stand_ins.py as a plugin: hooks in a conftest.py are not for tests that lie elsewhere."""

pytest_plugins = ["stand_ins"]
