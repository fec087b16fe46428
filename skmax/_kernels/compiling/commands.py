"""setuptools commands: a wheel with the compiled kernels, for any Python on one kind of machine."""

import shutil
from pathlib import Path

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

from skmax._kernels.calling.library import MANIFEST, CompilationError
from skmax._kernels.calling.sources import stamp_of
from skmax._kernels.compiling.build import build_libraries

LIBRARIES = Path("skmax", "_kernels", "native")


class BuildPy(build_py):
    """Build the libraries beside the sources; an editable install compiles when first called."""

    def run(self) -> None:
        """Copy the sources, and build the libraries of their kernels."""
        if self.editable_mode:
            super().run()
            return
        # What an earlier build has left would be packed too.
        shutil.rmtree(Path(self.build_lib) / "skmax", ignore_errors=True)
        super().run()
        folder = Path(self.build_lib) / LIBRARIES
        try:
            build_libraries(folder, stamp_of(folder.parent))
        except CompilationError as error:
            shutil.rmtree(folder, ignore_errors=True)
            print(f"skmax: no compiled kernels in this wheel: {error}.")
            print("skmax: it works all the same, and compiles them when they are first called.")


class BdistWheel(bdist_wheel):
    """Tag the wheel: no version of Python, but the platform where it has libraries."""

    def finalize_options(self) -> None:
        """A wheel for one platform, until it turns out to have no library."""
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        """py3-none-<platform>."""
        *_, platform = super().get_tag()
        build = self.get_finalized_command("build_py")
        compiled = (Path(build.build_lib) / LIBRARIES / MANIFEST).exists()
        return "py3", "none", platform if compiled else "any"
