from hypothesis import settings

# Compiling takes longer than any deadline, and a run should tell the same story twice.
settings.register_profile("skmax", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("skmax")

# scikit-learn's own tests, which have a configuration of their own: `pytest tests/conformance`.
collect_ignore = ["conformance"]
