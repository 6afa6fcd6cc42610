"""The house keeps its shape: contracts, sizes, names, documents and what is committed."""

import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
import domain

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("api", "domain", "migrations", "tests")
MOST_LINES = 400
MEDIAN_LINES = 150
SHELL_BLOCK = re.compile(r"```(?:sh|shell|bash|console)\n(.*?)```", re.DOTALL)
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore)\b(.*)")
# A code that names a rule, and then words that say why it does not hold here.
REASON = re.compile(r"[^A-Za-z]*(?::\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|\[[a-z\-, ]+\])(.*)")
SPELT_OUT = {
    # These speak for themselves and need no sentence.
    "PLC0415", "S311", "T201", "ARG001", "ARG002", "BLE001", "FBT001", "PLR0913", "PLR0911",
}  # fmt: skip
INDEX_ADDRESS = re.compile(
    r"(?:--(?:extra-)?index-url|--find-links)[ =]|https?://[^\s\"']*(?:/simple/|pythonhosted)",
    re.IGNORECASE,
)
BANNED_NAMES = {
    "utils",
    "helpers",
    "common",
    "manager",
    "service",
    "handler",
    "entity",
    "dto",
    "misc",
}


def tracked() -> list[Path]:
    """Every file that is, or is about to be, committed."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for name in done.stdout.splitlines() if (path := ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and part_of(path) in SOURCES]


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_import_contracts_hold() -> None:
    done = run("-c", "from importlinter.cli import lint_imports_command as c; c()")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kept" in done.stdout.lower()


def test_a_broken_contract_would_be_seen(tmp_path: Path) -> None:
    for package in ("api", "domain"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "domain" / "leak.py").write_text("import api\n")
    configuration = (
        "[tool.importlinter]\nroot_packages = ['api', 'domain']\n"
        "[[tool.importlinter.contracts]]\nname = 'x'\ntype = 'forbidden'\n"
        "source_modules = ['domain']\nforbidden_modules = ['api']\n"
    )
    (tmp_path / "pyproject.toml").write_text(configuration)
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0


def test_the_packages_are_those_of_this_tree() -> None:
    assert Path(api.__file__ or "").parent == ROOT / "api"
    assert Path(domain.__file__ or "").parent == ROOT / "domain"


def test_no_module_is_over_four_hundred_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in modules()}
    long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MOST_LINES}
    assert not long
    api_lengths = sorted(n for path, n in lengths.items() if part_of(path) in {"api", "domain"})
    assert api_lengths[len(api_lengths) // 2] <= MEDIAN_LINES


def test_modules_are_named_after_what_they_are() -> None:
    names = {path.stem for path in modules() if part_of(path) in {"api", "domain"}}
    assert not names & BANNED_NAMES


def comments(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def lacks_a_reason(comment: str) -> bool:
    found = SUPPRESSION.search(comment)
    if found is None:
        return False
    named = REASON.match(found[2])
    if named is None:
        return True
    codes = set(re.findall(r"[A-Z]+[0-9]+", found[2][: named.start(1)]))
    words = re.findall(r"[A-Za-z]{2,}", named[1])
    return not words and not (codes and codes <= SPELT_OUT)


def test_every_suppression_names_its_rule_and_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{line}: {comment}"
        for path in modules()
        for line, comment in comments(path)
        if lacks_a_reason(comment)
    ]
    assert not bare, "\n".join(bare)


@pytest.mark.parametrize(
    ("comment", "lacks"),
    [
        ("# noqa", True),
        ("# type: ignore", True),
        ("# noqa: S101", True),
        ("# noqa: S101 - tests assert", False),
        ("# type: ignore[arg-type]  # any tzinfo will do", False),
        ("# type: ignore[arg-type]", True),
        ("# noqa: PLC0415", False),
        ("# an ordinary comment", False),
    ],
)
def test_what_counts_as_a_reason(comment: str, lacks: bool) -> None:  # noqa: FBT001
    assert lacks_a_reason(comment) is lacks


def test_no_test_is_skipped_without_a_reason() -> None:
    bare = re.compile(r"pytest\.(?:mark\.)?(?:skip|xfail)\b(?!\([^)]*(?:reason=|\"))")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in modules()
        if part_of(path) == "tests" and path != Path(__file__)
        for match in bare.finditer(path.read_text())
    ]
    assert not found


def test_the_written_openapi_is_current() -> None:
    done = run("-m", "api", "openapi", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_holds_the_address_of_a_package_index() -> None:
    found = []
    for path in tracked():
        if path.suffix in {".png", ".ico", ".woff2"} or path == Path(__file__):
            continue
        text = path.read_text(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in INDEX_ADDRESS.finditer(text)]
    assert not found


def shell_lines(document: Path) -> Iterator[str]:
    for block in SHELL_BLOCK.findall(document.read_text()):
        joined = block.replace("\\\n", " ")
        for line in joined.splitlines():
            text = line.partition(" #")[0].strip().removeprefix("$ ")
            if text and not text.startswith("#"):
                yield text


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z][a-z\-]*):", text, re.MULTILINE))


def test_every_make_target_in_the_documents_exists() -> None:
    named = {
        word
        for document in documents()
        for line in shell_lines(document)
        if line.startswith("make ")
        for word in line.split()[1:]
        if re.fullmatch(r"[a-z\-]+", word)
    }
    assert {"run"} <= named, "the README does not say how to run it"
    assert named <= make_targets()


def test_every_command_in_the_documents_exists() -> None:
    commands: dict[str, set[str]] = {}
    for document in documents():
        text = document.read_text().replace("\\\n", " ")
        for found in re.finditer(r"-m api ([a-z]+)([^`\n&|]*)", text):
            flags = set(re.findall(r"--[a-z\-]+", found[2]))
            commands.setdefault(found[1], set()).update(flags)
    assert "serve" in commands
    for command, flags in commands.items():
        done = run("-m", "api", command, "--help")
        assert done.returncode == 0, f"{command}: {done.stderr}"
        plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        missing = {flag for flag in flags if flag not in plain}
        assert not missing, f"python -m api {command} has no {missing}"
