"""The page about sync lists every setting and every option, as they are."""

from labsight_lab.cli import labsight
from labsight_lab.settings.model import LabSettings
from tests.support import repository

PAGE = "docs/sync.md"


def test_the_page_lists_every_setting_with_its_default() -> None:
    listed = {
        name.strip("`"): default.strip("`")
        for name, default, *_ in repository.table(PAGE, "setting", "default", "meaning")
    }
    defaults = {
        f"{section}.{name}": getattr(getattr(LabSettings(), section), name)
        for section, field in LabSettings.model_fields.items()
        for name in getattr(field.annotation, "model_fields", ())
    }
    assert list(listed) == list(defaults)
    for setting, default in listed.items():
        section, _, name = setting.partition(".")
        value = [] if default == "[]" else default
        if defaults[setting] in {None, False, True, 128}:
            shown = str(defaults[setting]).lower() if defaults[setting] is not None else "not set"
            assert default == shown, setting
        else:
            read = LabSettings.model_validate({section: {name: value}})
            assert getattr(getattr(read, section), name) == defaults[setting], setting


def test_the_page_lists_every_option() -> None:
    cells = [cell for cell, _ in repository.table(PAGE, "option", "meaning")]
    listed = {word.strip("`,") for cell in cells for word in cell.split() if "--" in word}
    options = {
        name
        for parameter in labsight.commands["sync"].params
        if not getattr(parameter, "hidden", False)
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }
    assert listed == options - {"--help"}
