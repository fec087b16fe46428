"""The libraries that come with an install: when they serve, and what runs where they do not."""

import ctypes
import hashlib
import json
import shutil
import subprocess
import sys

import llvmlite.binding as llvm
import numpy as np
import pytest
from kernel_copies import ALONE, PACKAGE, RIGHT, SIGMOID, Copy, put_back

from skmax import __main__ as command_line
from skmax import _kernels
from skmax._kernels.calling import processor
from skmax._kernels.calling.sources import source_stamp
from skmax._kernels.compiling import build, here
from skmax._kernels.compiling.store import ObjectStore
from skmax._kernels.entries import KERNELS, specialisations

#: No library is built for another kind of machine, nor without a compiler.
needs_a_library = pytest.mark.skipif(
    processor.level() is None or build.compiler() is None, reason="no library can be built here"
)
needs_v3 = pytest.mark.skipif(
    processor.level() not in processor._X86, reason="this processor does not run x86-64-v3"
)

#: What the processor has, as Linux would say it.
ONLY_V3 = """
    from skmax._kernels.calling import processor
    processor._flags = lambda: frozenset(processor._V3)
"""
NO_LEVEL = """
    from skmax._kernels.calling import processor
    processor._flags = frozenset
"""
NO_LIBRARY = """
    from skmax._kernels.calling import library
    library.library = lambda: None
"""

#: Some kernels on some numbers: the results, byte by byte, a line for each.
RESULTS = """
    import numpy as np
    from skmax import _kernels

    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        logits = rng.normal(0, 4, (70, 5)).astype(dtype)
        out = np.empty_like(logits)
        _kernels.softmax_rows(logits, _kernels.rows_workspace(5, dtype), out)
        print(out.tobytes().hex())
        _kernels.sigmoid(logits.ravel(), out.ravel())
        print(out.tobytes().hex())

        X = rng.normal(0, 1, (70, 24)).astype(dtype)
        rows = _kernels.dense_rows(X, np.zeros(_kernels.whole_vectors(24, dtype), dtype))
        coef = rng.normal(0, 1, (5, rows.shift.size)).astype(dtype)
        targets, weight = _kernels.Labels(rng.integers(0, 5, 70)), rng.uniform(0, 1, 70)
        p, gradient = np.zeros((5, 70), dtype), np.zeros((5, rows.shift.size))
        workspace = _kernels.pass_workspace(rows, 5, 64)
        curvature = _kernels.RowCurvature(weight.astype(dtype), p)
        terms = _kernels.RowTerms(targets, weight, curvature)
        value = _kernels.value_and_gradient(rows, coef, terms, 0, 70, workspace, gradient)
        print(p.tobytes().hex())
        print(np.append(gradient, value).astype(dtype).tobytes().hex())
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A copy with libraries."""
    made = Copy(tmp_path_factory.mktemp("installed"))
    sources = shutil.ignore_patterns("_kernels", "__pycache__")
    shutil.copytree(PACKAGE, made.package, ignore=sources, dirs_exist_ok=True)
    paths = build.build_libraries(made.native, source_stamp())
    assert paths == [made.native / f"skmax-{level.name}.so" for level in processor.levels()]
    return made


@pytest.fixture
def installed(template):
    """The same copy, put back afterwards."""
    with put_back(template) as copy:
        yield copy


def library_of(copy):
    """The library for this processor."""
    return copy.native / f"skmax-{processor.level().name}.so"


def edit_manifest(copy, change):
    path = copy.native / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


# The table


def test_the_table_has_every_kernel_and_no_two_of_a_name():
    table = specialisations()
    assert {each.kernel for each in table} == set(KERNELS)
    assert len({each.symbol for each in table}) == len(set(table)) == len(table)
    assert all(each.symbol.isidentifier() and len(each.symbol) < 64 for each in table)


def test_what_is_compiled_together_is_of_one_file():
    units = build._units(specialisations())
    assert sorted(each for unit in units for each in unit) == sorted(specialisations())
    for unit in units:
        assert len({KERNELS[each.kernel][0] for each in unit}) == 1
        assert len({"f4" in each.signature for each in unit}) == 1


# Served


@needs_a_library
def test_the_library_serves_without_numba_and_llvmlite(installed):
    modules = """
    import sys
    print("numba" in sys.modules, "llvmlite" in sys.modules)
    """
    values, report, imported = installed.run(SIGMOID + modules)
    assert values == RIGHT
    assert report == f"{len(specialisations())} 0 0 None"
    assert imported == "False False"


@needs_a_library
def test_nothing_is_written_where_the_library_serves(installed):
    def everything():
        return {path: path.stat().st_mtime_ns for path in installed.folder.rglob("*")}

    for path in installed.native.iterdir():
        path.chmod(0o444)
    installed.native.chmod(0o555)
    try:
        before = everything()
        assert installed.outcome() == (RIGHT, "shipped", "None")
        assert everything() == before
    finally:
        installed.native.chmod(0o755)


@needs_a_library
def test_every_library_has_every_kernel_of_the_table(template):
    for level in processor.levels():
        library = ctypes.CDLL(str(template.native / f"skmax-{level.name}.so"))
        missing = [each for each in specialisations() if not hasattr(library, each.symbol)]
        assert missing == []


@needs_a_library
def test_code_compiled_on_this_machine_gives_the_bits_of_the_library(installed):
    shipped = installed.run(RESULTS)
    assert len(shipped) == 8
    assert installed.run(RESULTS, before=NO_LIBRARY + ALONE) == shipped


@needs_a_library
@needs_v3
def test_the_library_of_a_lower_level_agrees_to_rounding(installed):
    name = "from skmax import _kernels; print(_kernels.report().library.name)"
    *of_v3, file = installed.run(RESULTS + f"    {name}\n", before=ONLY_V3)
    assert file == "skmax-x86-64-v3.so"
    for number, (lower, best) in enumerate(zip(of_v3, installed.run(RESULTS), strict=True)):
        dtype = np.float32 if number < 4 else np.float64
        lower, best = (np.frombuffer(bytes.fromhex(each), dtype) for each in (lower, best))
        np.testing.assert_allclose(
            lower, best, rtol=100 * np.finfo(dtype).eps, atol=20 * np.finfo(dtype).eps
        )


# Not served


def change_a_byte(copy):
    path = library_of(copy)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def write(text):
    return lambda copy: (copy.native / "manifest.json").write_bytes(text)


def edit(change):
    return lambda copy: edit_manifest(copy, change)


UNUSABLE = {
    "a changed byte": change_a_byte,
    "no library": lambda copy: library_of(copy).unlink(),
    "the library of another level": lambda copy: library_of(copy).write_bytes(b"\x7fELF"),
    "no manifest": lambda copy: (copy.native / "manifest.json").unlink(),
    "an empty manifest": write(b""),
    "a manifest that is no text": write(b"\xff\xfe\x00"),
    "a manifest that is cut short": write(b'{"sources": "'),
    "a manifest of another kind": write(b"[1, 2]"),
    "a manifest of nothing": write(b"null"),
    "a manifest without libraries": edit(lambda content: content.pop("libraries")),
    "a manifest without this level": edit(lambda content: content["libraries"].clear()),
    "libraries of another kind": edit(lambda content: content.update(libraries=[1])),
    "a file of another kind": edit(
        lambda content: [each.update(file=1) for each in content["libraries"].values()]
    ),
    "the manifest of other sources": edit(lambda content: content.update(sources="other")),
    "no folder": lambda copy: shutil.rmtree(copy.native),
    "one source more": lambda copy: (copy.kernels / "more.py").touch(),
    "one source less": lambda copy: (copy.kernels / "compiling" / "commands.py").unlink(),
    "a comment": lambda copy: copy.replace("memory.py", "= 64\n", "= 64  # of a cache line\n"),
}


@needs_a_library
@pytest.mark.parametrize("spoil", UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_not_as_the_build_has_left_it_is_not_served(installed, spoil):
    script = """
    from skmax import _kernels
    from skmax._kernels.calling import library
    print(library.library_path(), library.library(), _kernels.report().library)
    """
    spoil(installed)
    assert installed.run(script) == ["None None None"]


@needs_a_library
@pytest.mark.parametrize("name", ["a changed byte", "no manifest", "a comment"])
def test_kernels_are_compiled_where_the_library_does_not_serve(installed, name):
    UNUSABLE[name](installed)
    assert installed.outcome() == (RIGHT, "compiled", str(installed.objects))


@needs_a_library
def test_an_edited_kernel_is_what_runs(installed):
    installed.replace("loss/softmax.py", "numerator / (1 + e)", "numerator / (2 + e)")
    half = [round(1 / 3, 12), round(1 / (2 + 1 / 3), 12)]
    assert installed.outcome()[:2] == (str(half), "compiled")


@needs_a_library
def test_a_library_that_the_system_does_not_load_is_not_served(installed):
    """As one for another C library; it is what the build has left there all the same."""
    library_of(installed).write_bytes(b"no library")
    digest = hashlib.sha256(b"no library").hexdigest()
    edit_manifest(
        installed,
        lambda content: content["libraries"][processor.level().name].update(sha256=digest),
    )
    assert installed.outcome()[:2] == (RIGHT, "compiled")


@needs_a_library
@needs_v3
def test_a_processor_without_a_level_compiles_for_itself(installed):
    assert installed.outcome(before=NO_LEVEL + ALONE)[:2] == (RIGHT, "compiled")
    assert installed.outcome(before=NO_LEVEL + ALONE)[:2] == (RIGHT, "loaded")
    (path,) = installed.object_files()
    assert llvm.get_host_cpu_name() in path.name


# The command line

COMPILE = """
    import sys
    from skmax._kernels.compiling import build
    few = [each for each in build.specialisations() if each.kernel == "sigmoid"]
    build.specialisations = lambda: few
    sys.argv = ["skmax", "--compile"]
    from skmax.__main__ import main
    main()
"""


@needs_a_library
def test_the_command_has_nothing_to_compile_where_the_library_serves(installed):
    found = f"{len(specialisations())} kernels came with the install, {processor.level().name}"
    assert installed.run(COMPILE) == [f"nothing to compile: {found}"]


@needs_a_library
def test_the_command_compiles_what_is_missing_where_no_library_serves(installed):
    shutil.rmtree(installed.native)
    first, last, kept = installed.run(COMPILE)
    assert first == "skmax: 0 of 2 kernels are compiled already"
    assert last.startswith("skmax: 2 of 2 kernels, ")
    assert kept == f"kept in {installed.objects}"
    assert installed.run(COMPILE) == ["skmax: 2 of 2 kernels are compiled already", kept]
    assert installed.outcome()[:2] == (RIGHT, "loaded")


def test_the_command_says_where_nothing_can_be_kept(monkeypatch, capsys):
    monkeypatch.setattr(_kernels, "report", lambda: _kernels.Report(None, None))
    monkeypatch.setattr(_kernels, "compile_all", lambda: None)
    command_line._compile()
    assert capsys.readouterr().out == "not kept: no folder can be written to\n"


# The build


@needs_a_library
def test_a_second_build_of_unchanged_sources_only_links(template, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "compile_in_processes", None)
    for path in build.build_libraries(tmp_path / "again", source_stamp()):
        assert path.read_bytes() == (template.native / path.name).read_bytes()


def test_what_is_missing_at_one_level_is_compiled(tmp_path, monkeypatch):
    some = [each for each in specialisations() if each.kernel == "sigmoid"]
    monkeypatch.setattr(build, "specialisations", lambda: some)
    kept, level = ObjectStore([tmp_path]), here.level()
    first = build.compile_objects([level], kept)
    assert set(first) == {(each.symbol, level.name) for each in some}
    (kept.folder / kept._made_by / f"{some[0].symbol}-{level.name}.o").unlink()
    assert build.compile_objects([level], kept) == first
    assert kept.load(some[0].symbol, level.name) == first[some[0].symbol, level.name]


@pytest.mark.skipif(_kernels.report().library is None, reason="lower levels would be compiled")
def test_code_of_a_lower_level_gives_nearly_the_same_and_the_best_comes_back():
    # In a process of its own: the level is that of all its kernels.
    script = """
import numpy as np
from skmax import SoftmaxRegression, _kernels
rng = np.random.default_rng(0)
X, y = rng.normal(size=(300, 7)), rng.integers(0, 3, 300)
best = before = _kernels.level()
coefs = {}
for level in [*_kernels.levels(), best]:
    try:
        _kernels.use_level(level.name)
    except RuntimeError:  # one that this processor lacks: nothing has changed
        assert _kernels.level() == before
        continue
    before = _kernels.level()
    assert before == level
    coefs.setdefault(level.name, []).append(SoftmaxRegression().fit(X, y).coef_)
first, last = coefs[best.name][0], coefs[best.name][-1]
assert np.array_equal(first, last)
for of_level in coefs.values():
    np.testing.assert_allclose(of_level[0], first, rtol=1e-4, atol=1e-6)
try:
    _kernels.use_level("none such")
except RuntimeError as error:
    assert "none such" in str(error)
else:
    raise AssertionError
assert _kernels.level() == best
print(len(coefs))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 1
