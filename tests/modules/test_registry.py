"""Modules are found where they lie; a broken one harms nobody."""

from __future__ import annotations

import dataclasses
import textwrap
import typing
from pathlib import Path

import pytest

from synaptarium.modules.registry import Registry
from synaptarium.schemas.errors import InvalidInput, ModuleNotFound

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples" / "modules"


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(textwrap.dedent(text))


GOOD = '''
    """Loudest neuron.

    Source: none.
    """

    from synaptarium.modules.base import Module
    from synaptarium.schemas.panels import Panels, Text


    def compute(reader, window, selection, params):
        return Panels((Text(id="text", title="Loudest neuron", text="number 5"),))


    MODULE = Module(compute=compute)
'''


def test_general_comes_first() -> None:
    infos = Registry().infos()

    assert (infos[0].name, infos[0].title, infos[0].source) == ("general", "Network activity", "built in")
    assert infos[0].params["properties"]["interval_ms"]["default"] == 0.0


def test_every_parameter_has_a_unit_or_a_choice_of_words() -> None:
    units = ("_us", "_ms", "_s", "_hz", "_mv", "_um", "_px", "_percent", "_stimuli", "_weight")
    for module in Registry(EXAMPLES):
        hints = typing.get_type_hints(module.params, include_extras=True)
        for field in dataclasses.fields(module.params):
            described = f"{field.name} : " in (module.params.__doc__ or "")
            assert described, f"{module.name}.{field.name} is not described"
            # A name among those of the recording, a choice of words, or yes and no, has no unit.
            hint = str(hints[field.name])
            named = "Literal" in hint or "choices" in hint or hint == "<class 'bool'>"
            assert field.name.endswith(units) or named, field.name


def test_the_page_quotes_the_example() -> None:
    page = (REPOSITORY / "docs" / "adding-a-module.md").read_text()

    assert f"```python\n{(EXAMPLES / 'busiest.py').read_text()}```" in page


def test_every_module_stands_in_the_docs() -> None:
    page = (REPOSITORY / "docs" / "modules.md").read_text()

    assert not [module.name for module in Registry() if f"`{module.name}`" not in page]


def test_module_of_a_folder_is_found(tmp_path: Path) -> None:
    write(tmp_path, "loudest.py", GOOD)

    registry = Registry(tmp_path)

    assert registry.get("loudest").title == "Loudest neuron"
    assert [info.source for info in registry.infos() if info.name == "loudest"] == [
        str(tmp_path / "loudest.py")
    ]


def test_broken_module_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    write(tmp_path, "broken.py", "import nothing_of_that_name\n")
    write(tmp_path, "loudest2.py", GOOD)

    registry = Registry(tmp_path)

    assert registry.get("loudest2")
    with pytest.raises(InvalidInput, match="nothing_of_that_name"):
        registry.get("broken")
    assert [info.title for info in registry.infos()][-1] == "broken (failed)"


def test_two_modules_of_one_name_are_refused_with_both_files(tmp_path: Path) -> None:
    write(tmp_path, "general.py", GOOD)

    with pytest.raises(InvalidInput, match=r"named 'general': .*modules/general\.py and .*general\.py"):
        Registry(tmp_path)


def test_unknown_module_is_told() -> None:
    with pytest.raises(ModuleNotFound, match="no module 'magic'"):
        Registry().get("magic")


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no folder"):
        Registry(tmp_path / "nowhere")
