"""Migrations of Django: what they send, in which order and transactions, and back."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.model import TransactionMode
from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.postgres import Server, ServerOptions
from tests.replay.chains import FAST, write
from tests.tracing.projects import by_the_tool, differences, django, rows, traced

FIRST = """
class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            "Customer",
            [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField(default="x"))],
        ),
        migrations.CreateModel(
            "Purchase",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("customer", models.ForeignKey("shop.Customer", models.CASCADE)),
            ],
        ),
    ]
"""
SECOND = """
def fill(apps, schema_editor):
    customers = apps.get_model("shop", "Customer").objects.using(schema_editor.connection.alias)
    customers.filter(name="").update(name="it's")


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_first")]
    operations = [
        migrations.AddField("customer", "active", models.BooleanField(default=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL("create index by_name on shop_customer (name)", "drop index by_name"),
            ],
        ),
    ]
"""
THIRD = """
from django.contrib.postgres.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0002_second")]
    operations = [
        AddIndexConcurrently("customer", models.Index(fields=["active"], name="by_active")),
        migrations.AlterField("customer", "name", models.CharField(max_length=50)),
    ]
"""
CHAIN = {"0001_first": FIRST, "0002_second": SECOND, "0003_third": THIRD}


def test_what_migrations_send(newest_server: Server, tmp_path: Path) -> None:
    """The lines are those of the operations, and the servers of the settings do not exist."""
    with traced(newest_server, tmp_path, django(CHAIN)) as run:
        assert run.outcomes == ["applied"] * 3
        assert [(each.version, each.file) for each in run.chain.migrations] == [
            ("shop.0001_first", "shop/migrations/0001_first.py"),
            ("shop.0002_second", "shop/migrations/0002_second.py"),
            ("shop.0003_third", "shop/migrations/0003_third.py"),
        ]
        assert [each.split('"shop_')[0] for each in run.sent("shop.0001_first")] == [
            "7: CREATE TABLE ",
            "11: CREATE TABLE ",
            "11: ALTER TABLE ",
            "11: CREATE INDEX ",
        ]
        assert run.sent("shop.0002_second") == [
            '11: ALTER TABLE "shop_customer" ADD COLUMN "active" boolean DEFAULT true NOT NULL',
            '11: ALTER TABLE "shop_customer" ALTER COLUMN "active" DROP DEFAULT',
            """5: UPDATE "shop_customer" SET "name" = 'it''s' WHERE "shop_customer"."name" = ''""",
            "15: create index by_name on shop_customer (name)",
        ]
        assert run.back("shop.0002_second") == [
            "15: drop index by_name",
            '11: ALTER TABLE "shop_customer" DROP COLUMN "active" CASCADE',
        ]
        assert run.sent("shop.0003_third") == [
            '10: CREATE INDEX CONCURRENTLY "by_active" ON "shop_customer" ("active")',
            "11: BEGIN",
            '11: ALTER TABLE "shop_customer" ALTER COLUMN "name" TYPE varchar(50) USING "name"::varchar(50)',
            "11: COMMIT",
        ]
        assert len(run.back("shop.0003_third")) == 4
        third = run.replay.timeline.steps[2].run
        assert (third.mode, third.mode_reason) == (TransactionMode.OWN, "its Migration says atomic = False")
        assert rows(run.replay.database, "select app, name from django_migrations order by id") == [
            ("shop", "0001_first"),
            ("shop", "0002_second"),
            ("shop", "0003_third"),
        ]


def test_the_schema_is_that_of_manage_py_migrate(newest_server: Server, tmp_path: Path) -> None:
    """With apps that are installed, whose migrations come first and whose tables are not judged."""
    apps = '"django.contrib.contenttypes", "django.contrib.auth", "shop"'
    with traced(newest_server, tmp_path, django(CHAIN, apps), "manage.py") as run:
        assert run.outcomes == ["applied"] * 3
        assert run.replay.timeline.base[0].script.file == "django/contrib/contenttypes/migrations/0001_initial.py"
        assert "public.auth_user" in run.replay.timeline.tool_tables
        assert "public.shop_customer" not in run.replay.timeline.tool_tables
        own = tmp_path / "own_settings.py"
        own.write_text(
            "from site_settings import *\nimport os\nDATABASES = {'default': {'ENGINE': "
            "'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE'], 'HOST': os.environ['PGHOST'], "
            "'PORT': os.environ['PGPORT'], 'USER': os.environ['PGUSER']}}\n"
        )
        with by_the_tool(
            newest_server, tmp_path, "manage.py", "migrate", DJANGO_SETTINGS_MODULE="own_settings"
        ) as database:
            assert differences(run.replay.database, database) == []
            applied = "select app, name from django_migrations order by 1, 2"
            assert rows(run.replay.database, applied) == rows(database, applied)


def test_migrations_of_others_behind_ours(newest_server: Server, tmp_path: Path) -> None:
    """What needs a table of ours is applied as soon as that is there, and is none of our migrations."""
    user = """
class Migration(migrations.Migration):
    dependencies = [("contenttypes", "0002_remove_content_type_name")]
    operations = [
        migrations.CreateModel(
            "User", [("id", models.BigAutoField(primary_key=True)), ("password", models.TextField())]
        ),
    ]
"""
    more = """
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_user"), ("admin", "0001_initial")]
    operations = [migrations.RunSQL("create table t (id int)", migrations.RunSQL.noop)]
"""
    model = """
from django.db import models

class User(models.Model):
    password = models.TextField()
    USERNAME_FIELD = "id"
    REQUIRED_FIELDS = []
"""
    apps = '"django.contrib.contenttypes", "django.contrib.auth", "django.contrib.admin", "shop"'
    files = django({"0001_user": user, "0002_more": more}, apps, settings='AUTH_USER_MODEL = "shop.User"\n')
    files["shop/models.py"] = model
    with traced(newest_server, tmp_path, files) as run:
        assert run.outcomes == ["applied", "applied"]
        seeds = [(each.script.file.split("/")[2], each.before) for each in run.chain.seeds]
        assert seeds[:1] == [("admin", "shop.0002_more")]
        assert {str(each.run.outcome) for each in run.replay.timeline.seeds} == {"applied"}


def test_a_squash_and_one_without_a_way_back(newest_server: Server, tmp_path: Path) -> None:
    squash = FIRST.replace("dependencies = []", 'replaces = [("shop", "0001_first"), ("shop", "0002_gone")]')
    last = """
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_squashed")]
    operations = [migrations.RunSQL("create table t (id int)")]
"""
    with traced(newest_server, tmp_path, django({"0001_squashed": squash, "0003_last": last})) as run:
        assert run.outcomes == ["applied", "applied"]
        assert run.migration("shop.0003_last").down is None
        assert rows(run.replay.database, "select count(*) from django_migrations") == [(3,)]


def test_a_way_back_is_missing_in_the_words_of_django(newest_server: Server, tmp_path: Path) -> None:
    last = """
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_first")]
    operations = [migrations.RunSQL("create table t (id int)")]
"""
    write(tmp_path, django({"0001_first": FIRST, "0002_last": last}))
    settings = replace(FAST, severity={"missing-rollback": "error"})
    chain = read_chain(".", settings, rootdir=tmp_path)
    with contextlib.closing(
        Evaluation(chain, settings, ServerOptions(major=newest_server.version // 10000))
    ) as evaluation:
        (finding,) = evaluation.evaluate(evaluation.registry["missing-rollback"], chain.migrations[-1].file).findings
    assert finding.fix.startswith("give each RunPython a reverse_code")


def test_rows_that_are_read(newest_server: Server, tmp_path: Path) -> None:
    """At once, or through a cursor on the server."""
    body = """
def fill(apps, schema_editor):
    for each in apps.get_model("shop", "Customer").objects.{}():
        each.save()


class Migration(migrations.Migration):
    dependencies = [("shop", "{}")]
    operations = [migrations.RunPython(fill)]
"""
    chain = {
        "0001_first": FIRST,
        "0002_fill": body.format("all", "0001_first"),
        "0003_again": body.format("iterator", "0002_fill"),
    }
    with traced(newest_server, tmp_path, django(chain)) as run:
        assert str(run.trace("shop.0002_fill").reads) == "shop/migrations/0002_fill.py:4"
        assert str(run.trace("shop.0003_again").reads) == "shop/migrations/0003_again.py:4"


def test_the_migrations_of_one_app(newest_server: Server, tmp_path: Path) -> None:
    """Those of other apps of the project are what stands before them."""
    files = django({"0001_first": FIRST}, '"shop", "stock"')
    stock = FIRST.replace("dependencies = []", 'dependencies = [("shop", "0001_first")]').replace("shop.", "stock.")
    files |= {
        "stock/__init__.py": "",
        "stock/migrations/__init__.py": "",
        "stock/migrations/0001_stock.py": f"from django.db import migrations, models\n{stock}",
    }
    with traced(newest_server, tmp_path, files, "stock/migrations") as run:
        assert [each.version for each in run.chain.migrations] == ["stock.0001_stock"]
        assert [each.file for each in run.chain.base] == ["../../shop/migrations/0001_first.py"]
        assert run.outcomes == ["applied"]
