from hypothesis import settings

# Compiling takes longer than any deadline, and a run should tell the same story twice.
settings.register_profile("skmax", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("skmax")
