"""The list of options is made of the dataclasses: values, defaults, and the comments that say what they mean."""

import dataclasses

import pytest

from affect_jax.data.registry import READERS
from affect_jax.experiment.config.documentation import option_texts
from affect_jax.experiment.config.listing import list_options
from configs import affectnet, quickstart, real_faces


@dataclasses.dataclass(frozen=True)
class Base:
    """Options.

    third: from the docstring,
        in two lines.

    Other text: of no field.
    """

    # Above the first,
    # in two lines.
    first: int = 1
    second: float = 2.0  # beside
    third: str = ""
    # Above the fourth.
    fourth: int = 4
    fifth: int = 5  # beside, and goes on
    # below


@dataclasses.dataclass(frozen=True)
class Derived(Base):
    second: float = 3.0
    third: str = ""  # its own


def test_the_text_of_an_option_is_its_comment_or_its_entry_in_the_docstring():
    assert option_texts(Base) == {
        "first": "Above the first, in two lines.",
        "second": "beside",
        "third": "from the docstring, in two lines.",
        "fourth": "Above the fourth.",
        "fifth": "beside, and goes on below",
    }


def test_an_inherited_option_keeps_its_text_unless_it_has_its_own():
    texts = option_texts(Derived)
    assert (texts["second"], texts["third"], texts["first"]) == ("beside", "its own", "Above the first, in two lines.")


def entries(config):
    """The lines of text that follow each option, by its name and value."""
    found: dict[str, list[str]] = {}
    for line in list_options(config):
        if line.startswith("--config."):
            found[line] = texts = []
        else:
            texts.append(line.strip())
    return found


CONFIGS = {
    "clip": lambda: quickstart.get_config("clip"),
    "landmarks": lambda: quickstart.get_config("landmarks"),
    "mixed": lambda: affectnet.get_config("static_mixed"),
    "photographs": lambda: real_faces.get_config("static"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_option_of_our_configs_has_a_text(name):
    config = CONFIGS[name]()
    found = entries(config)
    assert len(found) > 80
    assert not [option for option, texts in found.items() if not any(texts)]


@pytest.mark.parametrize("reader", READERS)
def test_every_option_of_a_reader_has_a_text(reader):
    texts = option_texts(READERS[reader][1])
    assert not [field.name for field in dataclasses.fields(READERS[reader][1]) if not texts[field.name]]


def test_values_defaults_and_units():
    found = entries(quickstart.get_config("clip"))
    assert found["--config.train.steps=100  (default: 1000)"] == [
        "length of the run; 0: the initial weights are evaluated and saved unchanged"
    ]
    assert "--config.train.log_every=20" in found
    assert "--config.model.head.rank=32  (default: 64)" in found  # of this network; a static one has 0
    assert found["--config.augment.rotation_degrees=0.0  (default: 13.5)"] == ["in both directions"]
    assert "--config.model.trunk.widths=(16, 32, 64)  (default: (64, 128, 256))" in found
    assert any(line.startswith("--config.data.train.rendered.subjects=200") for line in found)
