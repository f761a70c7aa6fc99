"""What the repository says about itself, held against what it is."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from labsight import __version__
from labsight.api.slides import Links, Slide, SlidePage
from labsight.keys import slide_id
from labsight.slides.index import Level, SlideIndex
from labsight.tiles.descriptor import describe
from labsight.tiles.http import problem
from labsight_lab.cli import labsight
from tests.support import repository
from tests.support.repository import ROOT

PROJECT = tomllib.loads(repository.read("pyproject.toml"))["project"]
PAGES = repository.with_suffix(".md")
PYTHON = repository.with_suffix(".py")
REQUIREMENTS = sorted(path.name for path in ROOT.glob("requirements*.txt"))
ADR = Path("docs/adr")

RULE = re.compile(r"^([a-z][a-z-]*):([^=#\n]*)(?:## (.+))?$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```\w*\n(.*?)^```|^((?:    .+\n)+)", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
OPTION = re.compile(r"(?<=\s)--[a-z][a-z-]*")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Folders of one machine; the tests of the command name a home that nobody has.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root|home|opt|Users)/(?!ada\b)[A-Za-z]")
PACKAGE_ADDRESS = re.compile(
    r"https?://[^\s\"']+\.(?:whl|tgz|tar\.gz|deb)\b|\bregistry\.[a-z]+js\."
)
# LABSIGHT_END ends a text inside a script and is no variable.
VARIABLE = re.compile(r"\bLABSIGHT_(?!END\b)[A-Z_]+\b")


def commands(page: Path) -> Iterator[str]:
    """The lines of code on a page, without prompts and remarks."""
    text = repository.read(page)
    blocks = (block for match in CODE_BLOCK.finditer(text) for block in match.groups() if block)
    lines = [line for block in blocks for line in block.splitlines()]
    for line in (*lines, *CODE_SPAN.findall(text)):
        yield line.partition(" #")[0].strip().removeprefix(".venv/bin/")


def rules() -> dict[str, tuple[list[str], str | None]]:
    """Prerequisites and help of each rule of the Makefile."""
    return {name: (needs.split(), told) for name, needs, told in RULE.findall(read_makefile())}


def read_makefile() -> str:
    """The Makefile."""
    return repository.read("Makefile")


def test_every_make_command_on_a_page_has_a_rule() -> None:
    used = {
        (str(page), words[1])
        for page in PAGES
        for line in commands(page)
        if len(words := line.split()) > 1 and words[0] == "make"
    }
    assert {("README.md", "demo"), ("README.md", "test")} <= used
    assert {(page, target) for page, target in used if target not in rules()} == set()


def test_every_make_command_in_a_message_has_a_rule() -> None:
    said = {
        (str(path), target)
        for path in repository.with_suffix(".py", ".ts")
        if "tests" not in path.parts
        for target in re.findall(r"`make ([a-z-]+)", repository.read(path))
    }
    assert {(path, target) for path, target in said if target not in rules()} == set()


def test_every_phony_target_has_a_rule() -> None:
    (line,) = re.findall(r"^\.PHONY: (.+)$", read_makefile(), re.MULTILINE)
    assert sorted(line.split()) == sorted(rules())


def test_a_make_target_without_help_is_a_step_of_one_with_help() -> None:
    helped = {name for name, (_, told) in rules().items() if told}
    assert {"demo", "test", "check", "help"} <= helped
    steps = {need for name in helped for need in rules()[name][0]}
    assert set(rules()) - helped - steps == set()


def labsight_commands(group: click.Group, before: str = "") -> Iterator[tuple[str, set[str]]]:
    """Each command of `labsight`, those of its groups by both words, and its options."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from labsight_commands(command, f"{name} ")
        else:
            options = {o for one in command.params for o in (*one.opts, *one.secondary_opts)}
            yield before + name, options


def test_every_option_of_labsight_on_a_page_exists() -> None:
    known = dict(labsight_commands(labsight))
    groups = {name.partition(" ")[0] for name in known if " " in name}
    used = [
        (str(page), " ".join(words[1 : 3 if words[1] in groups else 2]), set(OPTION.findall(line)))
        for page in PAGES
        for line in commands(page)
        if len(words := line.split()) > 1 and words[0] == "labsight" and words[1].isalpha()
    ]
    assert {name for _, name, _ in used} - groups == set(known)
    assert [(page, name, o) for page, name, o in used if o - known.get(name, set())] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_on_a_page_leads_somewhere(page: Path) -> None:
    dead = [
        link
        for link in LINK.findall(repository.read(page))
        if not link.startswith(("http://", "https://"))
        and not _leads_somewhere(page, *link.partition("#")[::2])
    ]
    assert dead == []


def _leads_somewhere(page: Path, path: str, heading: str) -> bool:
    target = (ROOT / page).parent / path if path else ROOT / page
    if not target.exists():
        return False
    return not heading or heading in _headings(target.read_text(encoding="utf-8"))


def _headings(text: str) -> set[str]:
    """The names by which a page's headings are linked."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_index_of_decisions_lists_each_of_them_in_order() -> None:
    decisions = [path.name for path in PAGES if re.match(r"docs/adr/\d{4}-", path.as_posix())]
    listed = [link for link in LINK.findall(repository.read(ADR / "README.md")) if link[0] == "0"]
    assert listed == decisions
    numbers = [int(name[:4]) for name in decisions]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    "path", [path for path in PAGES if path.parent == ADR and path.name[0] == "0"], ids=str
)
def test_a_decision_has_the_parts_of_the_template(path: Path) -> None:
    heads = [line for line in repository.read(path).splitlines() if line.startswith("## ")]
    template = repository.read(ADR / "template.md").splitlines()
    assert heads == [line for line in template if line.startswith("## ")]
    assert repository.read(path).startswith(f"# {int(path.name[:4])}. ")


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_requirements_are_pinned_by_version_and_hash_and_name_no_address(name: str) -> None:
    text = repository.read(name)
    assert "://" not in text
    pins = re.split(r"\n(?=\S)", text.strip())
    loose = [
        pin for pin in pins if not re.match(r"[a-z0-9.\[\],-]+==\S+.*\\\n +--hash=sha256:", pin)
    ]
    assert pins
    assert loose == []


def test_the_web_lock_file_names_hashes_and_no_address() -> None:
    lock = json.loads(repository.read("web/package-lock.json"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert [name for name, one in packages.items() if "resolved" in one] == []
    bundled = {name for name, one in packages.items() if one.get("inBundle")}
    assert {name for name, one in packages.items() if "integrity" not in one} == bundled


def text_files() -> Iterator[tuple[Path, str]]:
    """The files of the repository that hold text."""
    for path in repository.files():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data[:8000]:
            yield path, data.decode("utf-8", "replace")


def test_no_file_names_a_folder_of_one_machine() -> None:
    here = {str(path) for path in (ROOT, Path.home()) if len(path.parts) > 2}
    named = {
        f"{path}: {found}"
        for path, text in text_files()
        for found in (*(m[0] for m in MACHINE_PATH.finditer(text)), *(p for p in here if p in text))
    }
    assert named == set()


def test_no_file_names_where_a_package_is_downloaded() -> None:
    named = {
        f"{path}: {m[0]}" for path, text in text_files() for m in PACKAGE_ADDRESS.finditer(text)
    }
    assert named == set()


def test_only_the_gate_knows_what_lies_beside_the_checkout() -> None:
    beside = "../" + "shared"
    assert [
        str(path) for path, text in text_files() if beside in text and path.parts[0] != ".ci"
    ] == []


def test_the_page_of_settings_lists_every_one_with_its_default() -> None:
    described = yaml.safe_load(repository.read("Pulumi.yaml"))["config"]
    listed = [
        (name.strip("`"), default.strip("`"))
        for rows in repository.tables("docs/settings.md", "setting", "default")
        for name, default, *_ in rows
    ]
    assert listed == [(key, _shown(one["default"])) for key, one in described.items()]


def _shown(default: Any) -> str:
    if default in ("", []):
        return "not set"
    return ", ".join(default) if isinstance(default, list) else json.dumps(default).strip('"')


def test_every_output_of_a_stack_is_explained() -> None:
    source = repository.read("stacks/outputs.py").partition("def _upload_command")[0]
    exported = set(re.findall(r'^ +(?:found\[)?"([a-z_]+)"(?:: |\] = )', source, re.MULTILINE))
    rows = repository.table("docs/deploy.md", "output", "what it is")
    assert {name.strip("`") for name, *_ in rows} == exported


def test_the_page_of_the_architecture_places_every_function() -> None:
    folders = {path.parts[1] for path in PYTHON if path.match("lambdas/*/handler.py")}
    rows = repository.table("docs/architecture.md", "function", "where")
    assert {name.strip("`") for name, *_ in rows} == folders


def test_every_variable_that_labsight_reads_is_documented() -> None:
    documented = {name for page in PAGES for name in VARIABLE.findall(repository.read(page))}
    read = {
        name
        for path in repository.files()
        if path.parts[0] not in {"docs", ".ci"} and path.suffix in {".py", ".ts"}
        for name in VARIABLE.findall(repository.read(path))
    }
    settings = set(VARIABLE.findall(repository.read("src/labsight/settings.py")))
    rows = repository.table("docs/architecture.md", "variable", "importer")
    assert {cells[0].strip("`") for cells in rows} == settings
    assert read - documented == set()


def examples(page: str) -> list[dict[str, Any]]:
    """The whole JSON documents on a page."""
    blocks = re.findall(r"^```json\n(\{.*?)^```", repository.read(page), re.MULTILINE | re.DOTALL)
    return [json.loads(block) for block in blocks]


def test_the_documented_answers_have_the_fields_of_the_real_ones() -> None:
    page, descriptor, error = examples("docs/http.md")
    (slide,) = page["items"]
    assert page.keys() == SlidePage.model_fields.keys()
    assert slide.keys() == Slide.model_fields.keys()
    assert slide["links"].keys() == Links.model_fields.keys()
    assert SlidePage.model_validate(page).items[0].id == slide_id(slide["key"])
    levels = (Level(9, 9, 4, 4),)
    index = SlideIndex(key="k", etag="e", size=1, format="svs", files=(), levels=levels)
    real = describe(index, show_labels=False, direct=False)
    assert descriptor.keys() == real.keys()
    assert descriptor["levels"][0].keys() == real["levels"][0].keys()
    assert error == json.loads(problem(404, error["detail"]).body)


def test_version_and_changelog_agree_with_the_project() -> None:
    version = PROJECT["version"]
    assert __version__ == version
    assert json.loads(repository.read("web/package.json"))["version"] == version
    heads = re.findall(r"^## \[.*$", repository.read("CHANGELOG.md"), re.MULTILINE)
    assert any(version in head for head in heads)


def test_the_readme_names_the_python_that_the_project_needs() -> None:
    least = PROJECT["requires-python"].removeprefix(">=")
    assert f"Python {least} or newer" in repository.read("README.md")


def test_the_layout_in_the_readme_names_every_folder_of_the_checkout() -> None:
    named = set(re.findall(r"`([a-z-]+)/", repository.read("README.md").partition("## Layout")[2]))
    folders = {path.parts[0] for path in repository.files() if len(path.parts) > 1}
    assert {name for name in folders if name[0] != "."} == named
