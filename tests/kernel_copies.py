"""A copy of the kernels that runs in processes of its own, for the tests of compiled code."""

import contextlib
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import skmax

PACKAGE = Path(skmax.__file__).parent

SIGMOID = """
    import numpy as np
    from skmax import _kernels

    def sigmoid(*logits, dtype=np.float64):
        z = np.array(logits, dtype)
        out = np.empty_like(z)
        _kernels.sigmoid(z, out)
        return out

    print(sigmoid(0.0, np.log(3.0)).round(12).tolist())
    report = _kernels.report()
    print(report.shipped, report.loaded, report.compiled, report.folder)
"""
RIGHT = "[0.5, 0.75]"

#: Each kernel is compiled without those that share its code, which takes half the time.
ALONE = """
    from skmax._kernels.entries import Specialisation
    Specialisation.unit = Specialisation.symbol
"""


class Copy:
    """A copy of the kernels without the rest of the package, and a home, of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.package = folder / "site" / "skmax"
        self.kernels = self.package / "_kernels"
        self.native = self.kernels / "native"
        self.cache = self.kernels / "__pycache__"
        self.objects = self.cache / "objects"
        self.home, self.temp = folder / "home", folder / "temp"
        for new in (self.package, self.home, self.temp):
            new.mkdir(parents=True)
        (self.package / "__init__.py").touch()
        ignore = shutil.ignore_patterns("__pycache__", "native")
        shutil.copytree(PACKAGE / "_kernels", self.kernels, ignore=ignore)

    def start(self, script=SIGMOID, before=ALONE, options=(), **environment):
        """A process of its own that runs the script."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if "NUMBA" not in name and name not in ("XDG_CACHE_HOME", "PYTHONPATH")
        } | {
            "HOME": str(self.home),
            "TMPDIR": str(self.temp),
            "PYTHONPATH": str(self.package.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        for name, value in environment.items():
            variables.pop(name, None)
            if value is not None:
                variables[name] = str(value)
        code = textwrap.dedent(before) + textwrap.dedent(script)
        return subprocess.Popen(
            [sys.executable, *options, "-W", "error", "-c", code],
            env=variables,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, complains=False, **options):
        """What a script prints, line by line; it says nothing else unless it `complains`."""
        with self.start(*arguments, **options) as process:
            try:
                out, errors = process.communicate(timeout=120)
            finally:
                process.kill()
        assert process.returncode == 0, errors
        assert bool(errors) == complains, errors
        return out.splitlines()

    def outcome(self, **options):
        """The sigmoids, where their code came from, and the folder of compiled code."""
        values, report = self.run(**options)
        *counts, folder = report.split(maxsplit=3)
        shipped, loaded, compiled = map(int, counts)
        assert shipped + loaded + compiled > 0
        return values, "shipped" if shipped else "compiled" if compiled else "loaded", folder

    def close_install(self):
        """Nothing can be kept beside the sources: as on a read-only disk, even for root."""
        shutil.rmtree(self.cache, ignore_errors=True)
        self.cache.touch()

    def object_files(self):
        """Those of sigmoid."""
        found = sorted(self.objects.glob("*/skmax_sigmoid_*.o"))
        assert found
        return found

    def replace(self, file, old, new):
        """Edit a source."""
        path = self.kernels / file
        source = path.read_text()
        assert source.count(old) == 1
        path.write_text(source.replace(old, new))


@contextlib.contextmanager
def put_back(copy):
    """A copy whose kernels and whose home are afterwards what they were."""
    saved = copy.folder / "saved"
    shutil.copytree(copy.kernels, saved)
    yield copy
    for folder in (copy.kernels, copy.home):
        shutil.rmtree(folder)
    shutil.move(saved, copy.kernels)
    copy.home.mkdir()
