"""Steps of yoyo in Python."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.postgres import Server
from tests.tracing.projects import Files, by_the_tool, differences, traced


def test_steps_of_yoyo_in_python(newest_server: Server, tmp_path: Path) -> None:
    """Between files of SQL, as yoyo applies them."""
    files: Files = {
        "0001.users.sql": "create table users (id int primary key, n text);\n",
        "0002.more.py": (
            "from yoyo import step\n\n__depends__ = {'0001.users'}\n\n"
            "def apply(conn):\n    conn.cursor().execute(\"insert into users values (1, 'a')\")\n\n"
            "def back(conn):\n    conn.cursor().execute('delete from users')\n\n"
            "steps = [\n    step('create index by_n on users (n)', 'drop index by_n'),\n    step(apply, back),\n]\n"
        ),
        "0003.apart.py": (
            "from yoyo import step\n\n__depends__ = {'0002.more'}\n__transactional__ = False\n\n"
            "steps = [step('create index concurrently by_id on users (id)')]\n"
        ),
    }
    with traced(newest_server, tmp_path, files) as run:
        assert run.outcomes == ["applied"] * 3
        assert run.sent("0002.more") == [
            "12: create index by_n on users (n)",
            "6: insert into users values (1, 'a')",
        ]
        assert run.back("0002.more") == ["9: delete from users", "12: drop index by_n"]
        assert run.migration("0003.apart").down is None
        with by_the_tool(
            newest_server, tmp_path, "-m", "yoyo", "apply", "--batch", "--no-config-file", "-d", "URL", "."
        ) as database:
            ours, theirs = run.replay.database, database
            made = [each for each in differences(ours, theirs) if "yoyo" not in each]
            assert made == []
