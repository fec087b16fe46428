"""Compiled code on this machine: made in a process of its own, kept wherever it can be.

Each test runs a copy of the kernels in processes of its own.
"""

import os
import shutil
import stat

import numba
import numpy as np
import pytest
from kernel_copies import ALONE, RIGHT, SIGMOID, Copy, put_back
from marks import needs_forks

from skmax import _kernels
from skmax._kernels.calling import kernel as calling
from skmax._kernels.calling.processor import Level
from skmax._kernels.compiling import here, objects, processes, store
from skmax._kernels.compiling.jit import OPTIONS
from skmax._kernels.entries import Specialisation, specialisations

needs_users = pytest.mark.skipif(not hasattr(os, "getuid"), reason="no user ids on this platform")


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def warm_template(tmp_path_factory):
    """A copy whose sigmoid has been compiled."""
    template = Copy(tmp_path_factory.mktemp("warm"))
    assert template.outcome() == (RIGHT, "compiled", str(template.objects))
    return template


@pytest.fixture
def warm(warm_template):
    """The same copy, with its kernels and what was compiled put back afterwards."""
    with put_back(warm_template) as copy:
        yield copy


def test_a_second_process_loads_what_the_first_compiled(warm):
    assert warm.outcome() == (RIGHT, "loaded", str(warm.objects))


def test_numba_is_not_imported_to_call_what_has_been_compiled(warm):
    script = """
    import sys
    from skmax import _kernels
    print("numba" in sys.modules, "llvmlite" in sys.modules)
    """
    after = """
    print("numba" in sys.modules, "llvmlite" in sys.modules)
    """
    before, *_, afterwards = warm.run(script + SIGMOID + after)
    assert before == "False False"
    assert afterwards == "False True"


def test_numba_is_not_imported_to_compile(copy):
    after = """
    import sys
    print("numba" in sys.modules)
    """
    values, report, numba_is_imported = copy.run(SIGMOID + after)
    assert values == RIGHT
    assert report.startswith("0 0 1 ")
    assert numba_is_imported == "False"


def test_what_shares_most_code_is_compiled_with_it_and_not_again(copy):
    """Even where it is not kept; and each is counted as compiled by this process."""
    copy.close_install()
    script = """
    import numpy as np
    from skmax import _kernels
    from skmax._kernels.compiling import processes
    started, start = [], processes._start
    processes._start = lambda levels: started.append(1) or start(levels)
    z, out = np.zeros((1, 2)), np.zeros((1, 2))
    _kernels.sigmoid(z[0], out[0])
    _kernels.softmax_rows(z, _kernels.rows_workspace(2, z.dtype), out)
    report = _kernels.report()
    print(out.tolist(), len(started), report.loaded, report.compiled, report.folder)
    """
    nowhere = {"XDG_CACHE_HOME": copy.kernels / "entries.py"}  # which is no folder
    no_temp = "import tempfile; tempfile.tempdir = '/nonexistent'\n"
    assert copy.run(script, before=no_temp, **nowhere) == ["[[0.5, 0.5]] 1 0 2 None"]


# Where


def test_the_users_choice_comes_first(copy):
    chosen = copy.folder / "chosen"
    assert copy.outcome(NUMBA_CACHE_DIR=chosen) == (RIGHT, "compiled", str(chosen / "skmax"))
    assert copy.outcome(NUMBA_CACHE_DIR=chosen) == (RIGHT, "loaded", str(chosen / "skmax"))


def test_what_the_install_has_is_loaded_whatever_the_user_chooses(warm):
    chosen = warm.folder / "chosen"
    assert warm.outcome(NUMBA_CACHE_DIR=chosen) == (RIGHT, "loaded", str(chosen / "skmax"))


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_read_only_install_uses_the_users_cache(copy, variable):
    copy.close_install()
    users = copy.folder / "users"
    folder = users / ".cache" / "skmax" if variable == "HOME" else users / "skmax"
    assert copy.outcome(**{variable: users}) == (RIGHT, "compiled", str(folder))
    assert copy.outcome(**{variable: users}) == (RIGHT, "loaded", str(folder))


@needs_users
def test_without_a_home_the_temporary_folder_is_used_and_found_again(copy):
    copy.close_install()
    folder = copy.temp / f"skmax-{os.getuid()}"
    homeless = {"HOME": None, "LOCALAPPDATA": None}
    assert copy.outcome(**homeless) == (RIGHT, "compiled", str(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert copy.outcome(**homeless) == (RIGHT, "loaded", str(folder))


@needs_users
def test_a_temporary_folder_that_others_may_enter_is_not_used(copy):
    copy.close_install()
    (copy.temp / f"skmax-{os.getuid()}").mkdir()
    (copy.temp / f"skmax-{os.getuid()}").chmod(0o777)
    assert copy.outcome(HOME=None, LOCALAPPDATA=None) == (RIGHT, "compiled", "None")


@pytest.mark.parametrize(
    "cannot", ["return str(Path('file').resolve())", "raise FileNotFoundError"]
)
def test_where_nothing_can_be_written_it_runs_and_is_not_kept(copy, cannot):
    """As in a container whose whole disk is read-only, where tempfile finds no folder."""
    copy.close_install()
    file = copy.folder / "file"
    file.touch()
    nowhere = {"HOME": file, "XDG_CACHE_HOME": file, "NUMBA_CACHE_DIR": file}
    no_temp = f"""
    import tempfile
    from pathlib import Path
    def gettempdir():
        {cannot}
    tempfile.gettempdir = gettempdir
    """
    assert copy.outcome(before=ALONE + no_temp, **nowhere) == (RIGHT, "compiled", "None")


def test_a_folder_that_vanishes_is_no_error(copy):
    """It could be written to when it was chosen; then it is a file."""
    vanish = """
    import shutil
    from skmax._kernels.compiling import here
    folder = here.store().folder
    shutil.rmtree(folder)
    folder.touch()
    """
    assert copy.outcome(before=ALONE + vanish)[:2] == (RIGHT, "compiled")


@needs_users
def test_private_is_what_is_ours_and_closed_to_others(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    for mode, private in ((0o700, True), (0o750, False), (0o705, False), (0o777, False)):
        folder.chmod(mode)
        assert store._is_private(folder) is private
    folder.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert not store._is_private(link)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert not store._is_private(folder)


@needs_users
def test_others_may_read_what_is_kept_beside_the_sources_and_not_change_it(tmp_path):
    """Who has installed for all may compile for all."""
    before = os.umask(0)
    try:
        kept = store.ObjectStore([tmp_path / "__pycache__" / "objects"])
        kept.save("symbol", "level", b"code")
    finally:
        os.umask(before)
    paths = [kept.folder, *kept.folder.rglob("*")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o755, 0o755, 0o644]


def test_a_full_disk_keeps_nothing_and_leaves_nothing_behind(tmp_path, monkeypatch):
    def is_full(*_):
        raise OSError("No space left on device")

    kept = store.ObjectStore([tmp_path])
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", is_full)
        kept.save("symbol", "level", b"code")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert kept.load("symbol", "level") is None


def test_code_is_read_from_every_folder_and_written_to_the_first_that_can_be(tmp_path):
    file, shared, own = tmp_path / "file", tmp_path / "shared", tmp_path / "own"
    file.touch()
    store.ObjectStore([shared]).save("symbol", "level", b"code")
    both = store.ObjectStore([file, own, shared])
    assert both.folder == own
    assert both.load("symbol", "level") == b"code"
    assert both.load("symbol", "other") is None
    both.save("other", "level", b"more")
    assert store.ObjectStore([own]).load("other", "level") == b"more"
    assert store.ObjectStore([shared]).load("other", "level") is None


def test_kinds_of_code_that_were_not_written_lately_make_way(tmp_path):
    for day in range(6):
        (tmp_path / f"kind {day}").mkdir()
        (tmp_path / f"kind {day}" / "old.o").touch()
        os.utime(tmp_path / f"kind {day}", (day, day))
    (tmp_path / "file").touch()
    kept = store.ObjectStore([tmp_path])
    kept.save("symbol", "level", b"code")
    kept.save("other", "level", b"code")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"file", "kind 3", "kind 4", "kind 5", kept._made_by}
    assert len(left) - 1 == store.KEPT


# Damage


DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"\x00\xff garbage" * 50,
    "one byte": lambda content: content[:100] + bytes([content[100] ^ 255]) + content[101:],
    "a byte of the checksum": lambda content: bytes([content[0] ^ 255]) + content[1:],
    "no code": lambda content: content[:32],
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("spoil", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_not_loaded(tmp_path, spoil):
    kept = store.ObjectStore([tmp_path])
    kept.save("symbol", "level", bytes(range(256)))
    (path,) = tmp_path.rglob("*.o")
    path.write_bytes(spoil(path.read_bytes()))
    assert kept.load("symbol", "level") is None


def test_a_file_under_the_name_of_another_is_not_loaded(tmp_path):
    kept = store.ObjectStore([tmp_path])
    kept.save("symbol", "level", b"code")
    (path,) = tmp_path.rglob("*.o")
    path.rename(path.with_name("symbol-other.o"))
    assert kept.load("symbol", "other") is None


@pytest.mark.parametrize("name", ["cut short", "one byte"])
def test_a_damaged_file_is_compiled_anew_and_replaced(warm, name):
    (path,) = warm.object_files()
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    assert warm.outcome()[:2] == (RIGHT, "compiled")
    assert warm.outcome()[:2] == (RIGHT, "loaded")


def test_a_missing_file_is_written_again(warm):
    (path,) = warm.object_files()
    path.unlink()
    assert warm.outcome()[:2] == (RIGHT, "compiled")
    assert warm.object_files() == [path]


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
    copy.replace("codegen/elementary.py", DOUBLED[0], DOUBLED[1])
    with open(copy.kernels / "codegen" / "elementary.py", "a") as file:
        file.write(DOUBLE)


#: 2 e / (1 + 2 e) below 0 and 1 / (1 + 2 e) above, for e = exp(-|z|).
DOUBLED_RESULT = str([round(1 / 3, 12), round(1 / (1 + 2 / 3), 12)])


def test_an_edit_of_a_callee_in_another_file_is_seen_and_old_code_not_run(warm):
    (old,) = warm.object_files()
    edit_callee(warm)
    assert warm.outcome()[:2] == (DOUBLED_RESULT, "compiled")
    assert warm.outcome()[:2] == (DOUBLED_RESULT, "loaded")
    (new,) = set(warm.object_files()) - {old}
    shutil.copy(old, new)
    assert warm.outcome()[:2] == (DOUBLED_RESULT, "compiled")


def test_an_edit_that_keeps_time_and_size_is_seen(warm):
    path = warm.kernels / "loss" / "softmax.py"
    before = path.stat()
    warm.replace("loss/softmax.py", "out[i] = numerator / (1 + e)", "out[i] = numerator / (2 + e)")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert warm.outcome()[0] == str([round(1 / 3, 12), round(1 / (2 + 1 / 3), 12)])


EDIT_AFTER_THE_IMPORT = """
    from skmax._kernels.calling.sources import KERNELS_FOLDER
    from skmax._kernels.compiling import here

    here.store()
    with open(KERNELS_FOLDER / "loss" / "softmax.py", "a") as file:
        file.write("#")
"""


def test_code_of_sources_edited_after_the_import_is_not_kept(copy):
    assert copy.outcome(before=EDIT_AFTER_THE_IMPORT)[:2] == (RIGHT, "compiled")
    assert not [*copy.objects.glob("*/*.o")]


@pytest.mark.parametrize("name", ["numba", "llvmlite"])
def test_another_version_of_what_compiles_is_other_code(tmp_path, monkeypatch, name):
    store.ObjectStore([tmp_path]).save("symbol", "level", b"code")
    assert store.ObjectStore([tmp_path]).load("symbol", "level") == b"code"
    real = store.version
    monkeypatch.setattr(store, "version", lambda of: "99.0" if of == name else real(of))
    assert store.ObjectStore([tmp_path]).load("symbol", "level") is None


# The process that compiles


@pytest.mark.parametrize(
    ("before", "complains"),
    [
        ("import sys; sys.executable = '/nonexistent'", False),
        ("import sys; sys.executable = ''", False),
        ("import sys; sys.executable = None", False),
        ("import os, sys; os.environ['PYTHONHOME'] = '/nonexistent'", True),
    ],
)
def test_where_no_process_can_be_started_numba_compiles_in_this_one(copy, before, complains):
    values, how, _ = copy.outcome(before=before + "\n", complains=complains)
    assert (values, how) == (RIGHT, "compiled")
    assert not list(copy.objects.rglob("*.o"))


def test_where_the_process_dies_numba_compiles_in_this_one(copy):
    copy.replace("compiling/worker.py", "    levels = ", "    raise OSError('died')\n    levels = ")
    values, how, _ = copy.outcome(complains=True)
    assert (values, how) == (RIGHT, "compiled")


@pytest.mark.parametrize("kernel", ["mean_curvature", "sigmoid"])
def test_numba_in_this_process_has_the_same_results(kernel):
    """Of a kernel that gives something back, and of one that does not."""
    (wanted,) = (
        each for each in specialisations() if each.kernel == kernel and "f4" not in each.signature
    )
    function = calling._FUNCTION(here._compile_in_this_process(wanted))
    in_process, usual = calling.Kernel(kernel), getattr(_kernels, kernel)
    rng = np.random.default_rng(0)
    z, out, expected = rng.uniform(0.1, 0.9, 8), np.empty(8), np.empty(8)
    more = (np.ones(8),) if kernel == "mean_curvature" else ()
    in_process.functions[("f8[1]",) * (2 + len(more))] = function
    results = in_process(z, *more, out), usual(z, *more, expected)
    np.testing.assert_allclose(*np.array(results, float), rtol=1e-14)
    np.testing.assert_allclose(out, expected, rtol=1e-14)


SETTINGS = {
    "NUMBA_DISABLE_JIT": "1",
    "NUMBA_OPT": "1",
    "NUMBA_CPU_NAME": "nocona",
    "NUMBA_CPU_FEATURES": "-avx",
    "NUMBA_DUMP_LLVM": "1",
    "NUMBA_BOUNDSCHECK": "1",
    "PYTHONWARNINGS": "error",
}


def test_no_setting_of_the_users_changes_the_code(warm):
    (path,) = warm.object_files()
    usual = path.read_bytes()
    path.unlink()
    assert warm.outcome(**SETTINGS)[:2] == (RIGHT, "compiled")
    assert path.read_bytes() == usual


def test_nothing_in_the_current_folder_changes_the_code(warm):
    """No modules with the names of others, no other skmax, no settings of numba."""
    (path,) = warm.object_files()
    usual = path.read_bytes()
    path.unlink()
    strangers = [warm.folder / name for name in ("skmax.py", "numba.py", "llvmlite.py")]
    strangers.append(warm.folder / ".numba_config.yaml")
    for stranger in strangers[:3]:
        stranger.write_text("raise RuntimeError('a stranger')")
    strangers[3].write_text("disable_jit: 1\nboundscheck: 1\n")
    try:
        assert warm.outcome(options=["-P"])[:2] == (RIGHT, "compiled")
    finally:
        for stranger in strangers:
            stranger.unlink()
    assert path.read_bytes() == usual


@pytest.mark.parametrize("says", ["print('hello')", "import os; os.write(1, b'hello')"])
def test_what_a_site_prints_when_python_starts_is_not_taken_for_code(copy, says):
    site = copy.folder / "site_of_all"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        f"import sys\nif not sys.argv[0].endswith('-c'):\n    {says}\n"
    )
    path = os.pathsep.join([str(copy.package.parent), str(site)])
    assert copy.outcome(PYTHONPATH=path) == (RIGHT, "compiled", str(copy.objects))
    assert copy.object_files()


def test_a_relative_path_of_python_is_that_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["one", "", "two"]))
    monkeypatch.setattr(processes.subprocess, "Popen", lambda command, **options: options)
    _, *given = processes._start([here.level()])["env"]["PYTHONPATH"].split(os.pathsep)
    assert given == [str(tmp_path / "one"), str(tmp_path / "two")]


def test_two_threads_that_want_the_same_kernel_at_once_compile_it_once(copy):
    script = """
    import threading
    import numpy as np
    from skmax import _kernels
    kernel, barrier, outs = _kernels.sigmoid, threading.Barrier(3), np.zeros((3, 2))
    def call(out):
        barrier.wait()
        kernel(np.array([0.0, np.log(3.0)]), out)
    threads = [threading.Thread(target=call, args=[out]) for out in outs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(outs.round(12).tolist())
    report = _kernels.report()
    print(report.loaded, report.compiled)
    """
    assert copy.run(script) == [f"[{RIGHT}, {RIGHT}, {RIGHT}]", "0 1"]


def test_two_processes_that_compile_at_once_mix_nothing_up(copy):
    both = [copy.start(), copy.start()]
    assert [process.communicate(timeout=120)[0].splitlines()[0] for process in both] == [RIGHT] * 2
    assert copy.outcome() == (RIGHT, "loaded", str(copy.objects))
    assert [path for path in copy.objects.rglob("*") if path.is_file()] == copy.object_files()


@needs_forks
def test_a_fork_while_a_thread_compiles_waits_for_nothing(copy):
    """The child has another lock; and it holds the pipes of the process that compiles open."""
    script = """
    import os, threading, time
    import numpy as np
    from skmax import _kernels
    from skmax._kernels.compiling import here, processes

    compiling, forked, write = threading.Event(), threading.Event(), processes._write
    def slowed(stream, content):
        write(stream, content)
        compiling.set()
        forked.wait()
    processes._write = slowed

    def sigmoid():
        out = np.empty(2)
        _kernels.sigmoid(np.array([0.0, np.log(3.0)]), out)
        return out.round(12).tolist()

    thread = threading.Thread(target=sigmoid)
    thread.start()
    compiling.wait()
    of_parent, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        processes._write = write
        right = sigmoid() == [0.5, 0.75]
        os.read(of_parent, 1)  # lives until the parent has what it waits for
        os._exit(0 if right else 1)
    forked.set()
    thread.join(60)
    print(thread.is_alive(), sigmoid())
    os.close(end)
    print(os.waitpid(child, 0)[1])
    """
    assert copy.run(script) == [f"False {RIGHT}", "0"]


# What a kernel may refer to


@pytest.mark.parametrize("options", [{"_nrt": True}, {"error_model": "python"}])
def test_what_a_kernel_must_not_do_is_found_and_refused(monkeypatch, options):
    def allocates(n):
        return np.empty(n)[0]

    def divides(n):
        return 1 / n

    kernel = numba.njit(**OPTIONS | options)(allocates if "_nrt" in options else divides)
    monkeypatch.setattr(objects, "OPTIONS", OPTIONS | options)
    code, function = objects.bitcode(kernel, "i8")
    symbols = objects.foreign_symbols(objects.llvm.parse_bitcode(code), function)
    assert any(symbol.startswith("NRT_") for symbol in symbols) == ("_nrt" in options)
    assert "an exception" in symbols

    unwanted = Specialisation("sigmoid", "i8")
    monkeypatch.setattr(objects, "kernel_of", lambda specialisation: kernel)
    with pytest.raises(RuntimeError, match=f"{unwanted.symbol} refers to .*an exception"):
        objects.object_codes(unwanted, [here.level()])


def test_a_kernel_may_call_what_libm_has_and_is_the_same_for_each_level_it_is_told(monkeypatch):
    @numba.njit(**OPTIONS)
    def kernel(x, out):
        out[0] = np.exp(x)

    monkeypatch.setattr(objects, "kernel_of", lambda specialisation: kernel)
    level, same = here.level(), Level("another name", *here.level()[1:])
    wanted = Specialisation("sigmoid", "f8,f8[1]")
    first, second = objects.object_codes(wanted, [level, same])
    assert first == second
    code, function = objects.bitcode(kernel, wanted.signature)
    module = objects.llvm.parse_bitcode(code)
    assert objects.foreign_symbols(module, function) <= objects.ALLOWED
