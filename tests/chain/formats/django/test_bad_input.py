"""What is told of projects of Django that cannot be run."""

from __future__ import annotations

from pathlib import Path

from tests.chain.formats.chains import refused
from tests.tracing.projects import django


def test_a_project_of_django_that_cannot_be_imported(tmp_path: Path) -> None:
    first = "class Migration(migrations.Migration):\n    operations = []\n"
    files = django({"0001_first": first}, settings="import nothing_of_this_name\n")
    assert refused(tmp_path / "settings", files).splitlines()[0] == (
        "The migrations could not be run by django: the settings site_settings cannot be imported: ModuleNotFoundError:"
        " No module named 'nothing_of_this_name'"
    )
    files = django({"0001_first": first}, settings="import psycopg\npsycopg.connect('host=db.invalid')\n")
    assert refused(tmp_path / "connects", files).splitlines()[0] == (
        "The migrations could not be run by django: the settings site_settings cannot be imported: OperationalError: no"
        " database is connected to while migrations are only read"
    )
    files = django({"0001_first": first}, '"shop", "stock"')
    assert refused(tmp_path / "apps", files).splitlines()[0] == (
        "The migrations could not be run by django: Django cannot be set up with the settings site_settings:"
        " ModuleNotFoundError: No module named 'stock'"
    )
    second = f"{first}    dependencies = [('shop', '0001_first')]\n"
    files = django({"0001_first": first, "0002_one": second, "0002_two": second})
    said = refused(tmp_path / "leaves", files)
    assert said.splitlines()[0] == (
        "The migrations could not be run by django: several migrations are the last one of their app: shop: 0002_one,"
        " 0002_two"
    )
    assert said.splitlines()[-1] == "what to do: manage.py makemigrations --merge"
    files = django({"0002_second": second})
    said = refused(tmp_path / "lost", files)
    assert "NodeNotFoundError: Migration shop.0002_second dependencies reference nonexistent parent node" in said
    assert "site-packages" not in said
