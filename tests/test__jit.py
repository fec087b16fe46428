"""Compiled code on disk: wherever it can be, whatever has become of it.

Each test runs a copy of the kernels in processes of its own.
"""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import skmax
from skmax._kernels.compiling import jit as _jit

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
    report = _kernels.compilation()
    print(report.loaded, report.compiled, report.folder)
"""
RIGHT = "[0.5, 0.75]"


class Copy:
    """A copy of the kernels without the rest of the package, and a home, of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.package = folder / "site" / "skmax"
        self.kernels = self.package / "_kernels"
        self.cache = self.kernels / "__pycache__"
        self.home, self.temp = folder / "home", folder / "temp"
        for new in (self.package, self.home, self.temp):
            new.mkdir(parents=True)
        (self.package / "__init__.py").touch()
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE / "_kernels", self.kernels, ignore=ignore)

    def run(self, script=SIGMOID, before="", **environment):
        """What the script prints, line by line, in a process of its own."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if name not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "PYTHONPATH")
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
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def outcome(self, **options):
        """The sigmoids, whether anything was compiled or all was loaded, and the cache's folder."""
        values, report = self.run(**options)
        loaded, compiled, folder = report.split(maxsplit=2)
        assert int(compiled) + int(loaded) > 0
        return values, "compiled" if int(compiled) else "loaded", folder

    def close_install(self):
        """No cache beside the source: as on a read-only disk, even for root."""
        self.cache.touch()

    def files(self, suffix):
        """The index ("nbi") or the object ("nbc") of sigmoid."""
        found = sorted(self.cache.glob(f"*.sigmoid-*.{suffix}"))
        assert found
        return found


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def warm_template(tmp_path_factory):
    """A copy whose sigmoid has been compiled."""
    template = Copy(tmp_path_factory.mktemp("warm"))
    assert template.outcome() == (RIGHT, "compiled", str(template.cache))
    return template


@pytest.fixture
def warm(warm_template):
    """The same copy, with its cache put back afterwards."""
    saved = warm_template.folder / "saved"
    shutil.copytree(warm_template.kernels, saved)
    yield warm_template
    shutil.rmtree(warm_template.kernels)
    shutil.move(saved, warm_template.kernels)


def test_a_second_process_loads_what_the_first_compiled(warm):
    assert warm.outcome() == (RIGHT, "loaded", str(warm.cache))


def test_numba_is_imported_when_a_kernel_is_asked_for(warm):
    script = """
    import sys
    from skmax import _kernels
    print("numba" in sys.modules)
    _kernels.sigmoid
    print("numba" in sys.modules)
    """
    assert warm.run(script) == ["False", "True"]


# Where


def test_the_users_choice_comes_first(copy):
    chosen = copy.folder / "chosen"
    values, how, folder = copy.outcome(NUMBA_CACHE_DIR=chosen)
    assert (values, how) == (RIGHT, "compiled")
    assert chosen in Path(folder).parents
    assert copy.outcome(NUMBA_CACHE_DIR=chosen) == (RIGHT, "loaded", folder)


def test_two_installs_share_no_folder(copy, warm):
    script = "from skmax._kernels.compiling import jit as _jit; print(_jit.cache_folder())"
    chosen = copy.folder / "chosen"
    (one,), (other,) = (each.run(script, NUMBA_CACHE_DIR=chosen) for each in (copy, warm))
    assert one != other


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_read_only_install_uses_the_users_cache(copy, variable):
    copy.close_install()
    users = copy.folder / "users"
    values, how, folder = copy.outcome(**{variable: users})
    assert (values, how) == (RIGHT, "compiled")
    assert users in Path(folder).parents
    assert copy.outcome(**{variable: users}) == (RIGHT, "loaded", folder)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no user ids on this platform")
def test_without_a_home_the_temporary_folder_is_used_and_found_again(copy):
    copy.close_install()
    values, how, folder = copy.outcome(HOME=None, LOCALAPPDATA=None)
    assert (values, how) == (RIGHT, "compiled")
    assert copy.temp in Path(folder).parents
    assert copy.outcome(HOME=None, LOCALAPPDATA=None) == (RIGHT, "loaded", folder)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no user ids on this platform")
def test_a_temporary_folder_that_others_may_enter_is_not_used(copy):
    copy.close_install()
    (copy.temp / f"skmax-{os.getuid()}").mkdir()
    (copy.temp / f"skmax-{os.getuid()}").chmod(0o777)
    assert copy.outcome(HOME=None, LOCALAPPDATA=None) == (RIGHT, "compiled", "None")


def test_where_nothing_can_be_written_it_runs_uncached(copy):
    copy.close_install()
    file = copy.folder / "file"
    file.touch()
    nowhere = {"HOME": file, "XDG_CACHE_HOME": file, "NUMBA_CACHE_DIR": file}
    no_temp = """
    import tempfile
    from pathlib import Path
    tempfile.gettempdir = lambda: str(Path("file").resolve())
    """
    values, _, folder = copy.outcome(before=no_temp, **nowhere)
    assert (values, folder) == (RIGHT, "None")


def test_a_system_without_any_temporary_folder_runs_uncached(copy):
    """As in a container whose whole disk is read-only: tempfile raises FileNotFoundError."""
    copy.close_install()
    file = copy.folder / "file"
    file.touch()
    no_temp = """
    import tempfile
    def gettempdir():
        raise FileNotFoundError("No usable temporary directory found")
    tempfile.gettempdir = gettempdir
    """
    values, _, folder = copy.outcome(before=no_temp, HOME=file)
    assert (values, folder) == (RIGHT, "None")


def test_a_folder_that_vanishes_or_fills_up_is_no_error(copy):
    """The folder could be written to when it was chosen; then it is a file."""
    vanish = """
    import shutil
    from skmax._kernels.compiling import jit as _jit
    folder = _jit.cache_folder()
    from skmax._kernels import sigmoid
    shutil.rmtree(folder)
    folder.touch()
    """
    assert copy.outcome(before=vanish)[0] == RIGHT


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no user ids on this platform")
def test_private_is_what_is_ours_and_closed_to_others(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    for mode, private in ((0o700, True), (0o750, False), (0o705, False), (0o777, False)):
        folder.chmod(mode)
        assert _jit._is_private(folder) is private
    folder.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert not _jit._is_private(link)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert not _jit._is_private(folder)


# Damage


def damage(content):
    return content[:100] + bytes([content[100] ^ 255]) + content[101:]


DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"\x00\xff garbage" * 50,
    "one byte": damage,
}


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("spoil", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_compiled_anew_and_replaced(warm, spoil, suffix):
    for path in warm.files(suffix):
        path.write_bytes(spoil(path.read_bytes()))
    values, _, _ = warm.outcome()
    assert values == RIGHT
    assert warm.outcome() == (RIGHT, "loaded", str(warm.cache))


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_missing_file_is_written_again(warm, suffix):
    for path in warm.files(suffix):
        path.unlink()
    assert warm.outcome()[:2] == (RIGHT, "compiled")
    assert warm.outcome()[:2] == (RIGHT, "loaded")


def test_two_processes_that_save_other_types_at_once_mix_nothing_up(warm):
    """Both open the same empty index, so both choose the first free name for their object."""
    (index,), (wide,) = warm.files("nbi"), warm.files("nbc")
    index_of_wide, wide_name = index.read_bytes(), wide.name
    for path in (index, wide):
        path.unlink()
    script = """
    import numpy as np
    from skmax import _kernels
    _kernels.sigmoid(np.zeros(1, np.float32), np.zeros(1, np.float32))
    """
    warm.run(script)
    assert [path.name for path in warm.files("nbc")] == [wide_name]
    index.write_bytes(index_of_wide)  # the other process was the last to write the index
    assert warm.outcome()[0] == RIGHT


# Staleness

DOUBLED = ("return x(x), codegen", "return x(x), doubled")
DOUBLE = """

def _double(builder, value):
    return builder.fadd(value, value)


def doubled(context, builder, signature, arguments):
    return _double(builder, _build_exp(builder, arguments[0], _Exp64))
"""


def edit_callee(copy):
    """Make exp, which lies in another file than sigmoid, return twice what it should."""
    path = copy.kernels / "codegen" / "elementary.py"
    source = path.read_text()
    assert source.count(DOUBLED[0]) == 1
    path.write_text(source.replace(*DOUBLED) + DOUBLE)


#: 2 e / (1 + 2 e) below 0 and 1 / (1 + 2 e) above, for e = exp(-|z|).
DOUBLED_RESULT = str([round(1 / 3, 12), round(1 / (1 + 2 / 3), 12)])


def test_an_edit_of_a_callee_in_another_file_is_seen(warm):
    edit_callee(warm)
    values, how, _ = warm.outcome()
    assert (values, how) == (DOUBLED_RESULT, "compiled")
    assert warm.outcome()[:2] == (DOUBLED_RESULT, "loaded")


def test_an_edit_that_keeps_time_and_size_is_seen(warm):
    path = warm.kernels / "loss" / "softmax.py"
    before, source = path.stat(), path.read_text()
    edited = source.replace("out[i] = numerator / (1 + e)", "out[i] = numerator / (2 + e)")
    assert edited != source
    path.write_text(edited)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert warm.outcome()[0] == str([round(1 / 3, 12), round(1 / (2 + 1 / 3), 12)])


def test_an_object_of_the_old_source_under_a_new_index_is_not_run(warm):
    """What a process that dies between the two writes leaves behind after an upgrade."""
    (object_file,) = warm.files("nbc")
    old = object_file.read_bytes()
    edit_callee(warm)
    assert warm.outcome()[0] == DOUBLED_RESULT
    object_file.write_bytes(old)
    assert warm.outcome()[0] == DOUBLED_RESULT
