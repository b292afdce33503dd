"""What is shown of a project that cannot be loaded."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from migrate_validate.tracing.tracebacks import of_project, shortened


def _raised_by(path: Path, text: str) -> str:
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each text raises another one
        spec.loader.exec_module(module)
    frames = caught.value.__traceback__
    assert frames is not None
    # The frame of this test belongs to nobody's migrations.
    return shortened(caught.value.with_traceback(frames.tb_next))


def test_frames_of_libraries_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "runner.py"
    said = _raised_by(file, "import json\n\ndef up():\n    json.loads('{')\n\nup()\n").splitlines()
    assert [line.strip() for line in said if line.lstrip().startswith("File ")] == [
        f'File "{file}", line 6, in <module>',
        f'File "{file}", line 4, in up',
    ]
    assert said[-1].startswith("json.decoder.JSONDecodeError: ")


def test_causes_are_shown_where_the_project_takes_part(tmp_path: Path) -> None:
    text = "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('no a') from error\n"
    said = _raised_by(tmp_path / "runner.py", text).splitlines()
    assert [line for line in said if not line.startswith(" ")][1::2] == ["KeyError: 'a'", "ValueError: no a"]


def test_an_error_of_a_library_alone_is_one_line() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{")
    frames = caught.value.__traceback__
    assert frames is not None
    said = shortened(caught.value.with_traceback(frames.tb_next))
    assert "\n" not in said
    assert said.startswith("json.decoder.JSONDecodeError: ")


def test_a_virtual_environment_inside_the_project_is_no_project() -> None:
    assert of_project("/project/migrations/0001_first.py")
    assert not of_project("/project/.venv/lib/python3.12/site-packages/django/core.py")
    assert not of_project("<frozen importlib._bootstrap>")
