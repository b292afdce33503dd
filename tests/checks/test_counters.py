"""counter-drift and orphans-possible, where one file of SQL is not enough to tell."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Counter, Expectations
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven, Verdict
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings

SAMPLE = Path(__file__).parents[2] / "sample_migrations/organizational_model"
RULES = {rule.name: rule for rule in Registry.load()}


@pytest.fixture
def connection(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with server.create_database("counters") as database, database.connect() as opened:
        yield opened


def drift(connection: psycopg.Connection[Any], schema: str, *counters: Counter) -> list[Result]:
    connection.execute(schema.encode(), prepare=False)
    return list(RULES["counter-drift"].function(connection, Expectations(counters=counters)))


def errors(results: list[Result]) -> list[str]:
    """The messages of findings; nothing may be unproven, and TRUNCATE does not matter here."""
    assert [each for each in results if isinstance(each, Unproven)] == []
    return [each.message for each in results if isinstance(each, Finding) and each.severity is Severity.ERROR]


def keeping(body: str, events: str = "INSERT OR UPDATE OR DELETE", when: str = "AFTER") -> str:
    """A trigger on ``cards`` with this body."""
    return f"""
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
        CREATE TRIGGER cards_keep {when} {events} ON cards FOR EACH ROW EXECUTE FUNCTION keep();
    """


RECOUNT = """
    UPDATE decks SET card_count = (SELECT count(*) FROM cards WHERE deck_id = decks.id)
    WHERE id IN (OLD.deck_id, NEW.deck_id);
    RETURN NULL;
"""
DECKS = "CREATE TABLE decks (id integer PRIMARY KEY, card_count integer NOT NULL DEFAULT 0);"
CARDS = "CREATE TABLE cards (id integer PRIMARY KEY, deck_id integer NOT NULL REFERENCES decks ON DELETE CASCADE{});"


def sample(tmp_path: Path, old: str, new: str) -> Path:
    """The sample chain, with a piece of its migration replaced."""
    folder = tmp_path / "chain"
    shutil.copytree(SAMPLE, folder)
    file = folder / "20250102_organizational_model.sql"
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    return folder


def judged(folder: Path, major: int) -> tuple[Evaluation, list[Finding]]:
    settings = load_settings(folder, folder)
    evaluation = Evaluation(read_chain(folder, settings, rootdir=folder), settings, ServerOptions(major=major))
    found = evaluation.evaluate(RULES["counter-drift"], None)
    assert found.verdict is Verdict.FAILED
    return evaluation, list(found.findings)


def test_archiving_that_no_trigger_sees(tmp_path: Path, server: Server) -> None:
    text = (SAMPLE / "20250102_organizational_model.sql").read_text()
    found = re.search(r"CREATE TRIGGER profiles_update_active_user_count\n    (AFTER .+?) ON ", text)
    assert found
    folder = sample(tmp_path, found[0], found[0].replace(found[1], "AFTER INSERT OR DELETE"))
    line = 1 + text[: found.start()].count("\n")
    evaluation, findings = judged(folder, server.version // 10000)
    with contextlib.closing(evaluation):
        (finding,) = findings
        assert finding.object == "public.organizations.active_user_count"
        assert str(finding.location) == f"20250102_organizational_model.sql:{line}:1"
        assert "is 1 too high after an UPDATE of public.profiles (is_active, archived_at)" in finding.message
        assert "it says 1, public.profiles has 0 rows WHERE is_active" in finding.message
        also = finding.evidence["also_after"]
        assert "public.archive_user()" in also
        assert any("moves a row of public.profiles to another parent (organization_id)" in each for each in also)
        # The script shows it by itself.
        *statements, question = finding.evidence["script"].split(";\n")
        with evaluation.clone() as connection, connection.transaction(force_rollback=True):
            connection.execute(";\n".join(statements).encode(), prepare=False)
            shown = connection.execute(question.rstrip(";").encode()).fetchall()
    assert [row[1:] for row in shown] == [(1, 0)]
    assert len(statements) == 4, "an organization, a user, a profile, and the UPDATE"


def test_a_function_that_counts_besides_the_trigger(tmp_path: Path, server: Server) -> None:
    old = "    SET is_active = false, archived_at = now(), archived_by = auth.uid(), archive_reason = reason\n"
    old += "    WHERE id = target_user;\n"
    new = "    UPDATE public.organizations SET active_user_count = active_user_count - 1 WHERE id = organization;\n"
    folder = sample(tmp_path, old, old + new)
    # Else the schema refuses what falls below zero.
    file = folder / "20250102_organizational_model.sql"
    check = "    CONSTRAINT organizations_active_user_count_check CHECK (active_user_count >= 0),\n"
    file.write_text(file.read_text().replace(check, ""))
    evaluation, findings = judged(folder, server.version // 10000)
    evaluation.close()
    (finding,) = findings
    assert "is 1 too low after public.archive_user(): it says -1, public.profiles has 0 rows" in finding.message
    assert "the function is at fault: profiles_update_active_user_count keeps it, too" in finding.message
    assert finding.location is not None
    assert finding.fix.startswith("leave the counter to the triggers; then, once:\nUPDATE public.organizations")


def test_rows_that_another_trigger_makes(connection: psycopg.Connection[Any]) -> None:
    schema = """
        CREATE TABLE teams (id integer PRIMARY KEY, member_count integer NOT NULL DEFAULT 0);
        CREATE TABLE users (id uuid PRIMARY KEY);
        CREATE TABLE members (
            id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE, team_id integer REFERENCES teams
        );
        CREATE FUNCTION new_user() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO members (id) VALUES (NEW.id); RETURN NULL;
        END $$;
        CREATE TRIGGER users_new AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION new_user();
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE teams SET member_count = (SELECT count(*) FROM members WHERE team_id = teams.id)
            WHERE id IN (OLD.team_id, NEW.team_id);
            RETURN NULL;
        END $$;
        CREATE TRIGGER members_keep AFTER INSERT OR UPDATE ON members FOR EACH ROW EXECUTE FUNCTION keep();
    """
    (message,) = errors(drift(connection, schema))
    assert "public.teams.member_count is 1 too high after a DELETE from public.members" in message


def test_an_upsert_that_counts_twice(connection: psycopg.Connection[Any]) -> None:
    add = "UPDATE decks SET card_count = card_count + 1 WHERE id = NEW.deck_id; RETURN NEW;"
    take = """
        CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE decks SET card_count = card_count - 1 WHERE id = OLD.deck_id; RETURN NULL;
        END $$;
        CREATE TRIGGER cards_take AFTER DELETE ON cards FOR EACH ROW EXECUTE FUNCTION take();
        CREATE FUNCTION fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'a card stays in its deck';
        END $$;
        CREATE TRIGGER cards_fixed BEFORE UPDATE OF deck_id ON cards FOR EACH ROW EXECUTE FUNCTION fixed();
    """
    results = drift(connection, DECKS + CARDS.format("") + keeping(add, "INSERT", "BEFORE") + take)
    (message,) = errors(results)
    assert "is 1 too high after an INSERT into public.cards ON CONFLICT DO NOTHING of a row that is there" in message


def test_a_table_that_counts_its_own_rows(connection: psycopg.Connection[Any]) -> None:
    schema = """
        CREATE TABLE categories (
            id integer PRIMARY KEY, parent_id integer REFERENCES categories, children_count integer DEFAULT 0
        );
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE categories AS p SET children_count = (SELECT count(*) FROM categories c WHERE c.parent_id = p.id)
            WHERE id IN (OLD.parent_id, NEW.parent_id);
            RETURN NULL;
        END $$;
        CREATE TRIGGER keep AFTER INSERT OR DELETE ON categories FOR EACH ROW EXECUTE FUNCTION keep();
    """
    (message,) = errors(drift(connection, schema))
    assert "public.categories.children_count is 1 too high after an UPDATE that moves a row" in message


def test_parents_with_a_key_of_two_columns(connection: psycopg.Connection[Any]) -> None:
    schema = """
        CREATE TABLE decks (
            tenant integer, id integer, card_count integer NOT NULL DEFAULT 0, PRIMARY KEY (tenant, id)
        );
        CREATE TYPE card_state AS ENUM ('new', 'learned', 'gone');
        CREATE TABLE cards (
            id integer PRIMARY KEY, tenant integer, deck integer, state card_state NOT NULL DEFAULT 'new',
            FOREIGN KEY (tenant, deck) REFERENCES decks
        );
    """ + keeping("""
        IF TG_OP <> 'INSERT' AND OLD.state <> 'gone' THEN
            UPDATE decks SET card_count = card_count - 1 WHERE (tenant, id) = (OLD.tenant, OLD.deck);
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.state <> 'gone' THEN
            UPDATE decks SET card_count = card_count + 1 WHERE id = NEW.deck AND tenant = NEW.tenant;
        END IF;
        RETURN NULL;
    """)
    assert errors(drift(connection, schema)) == []
    connection.execute("DROP TRIGGER cards_keep ON cards")
    again = "CREATE TRIGGER cards_keep AFTER INSERT OR DELETE OR UPDATE OF deck ON cards FOR EACH ROW EXECUTE FUNCTION"
    (message,) = errors(drift(connection, f"{again} keep()"))
    assert "after an UPDATE of public.cards (state)" in message
    assert "WHERE state <> 'gone'; no trigger that keeps it fires then: cards_keep fires on" in message


def test_a_condition_of_two_columns_in_a_function_that_the_trigger_calls(connection: psycopg.Connection[Any]) -> None:
    schema = (
        DECKS
        + CARDS.format(", state text NOT NULL DEFAULT 'new', deleted_at timestamptz")
        + """
        CREATE FUNCTION recount(deck integer) RETURNS void LANGUAGE sql AS $$
            UPDATE decks SET card_count =
                (SELECT count(*) FROM cards WHERE deck_id = deck AND deleted_at IS NULL AND state <> 'draft')
            WHERE id = deck;
        $$;
    """
    )
    body = """
        IF TG_OP <> 'INSERT' THEN PERFORM recount(OLD.deck_id); END IF;
        IF TG_OP <> 'DELETE' THEN PERFORM recount(NEW.deck_id); END IF;
        RETURN NULL;
    """
    results = drift(connection, schema + keeping(body, "INSERT OR DELETE OR UPDATE OF deck_id, deleted_at"))
    (message,) = errors(results)
    assert "is 1 too high after an UPDATE of public.cards (state): it says 1, public.cards has 0 rows" in message
    assert "WHERE state <> 'draft' AND deleted_at IS NULL; no trigger that keeps it fires then" in message


def test_two_foreign_keys_to_the_same_table(connection: psycopg.Connection[Any]) -> None:
    schema = """
        CREATE TABLE users (id integer PRIMARY KEY, message_count integer NOT NULL DEFAULT 0);
        CREATE TABLE messages (
            id integer PRIMARY KEY, sender integer REFERENCES users, receiver integer REFERENCES users
        );
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE users SET message_count = (SELECT count(*) FROM messages WHERE sender = users.id)
            WHERE id IN (OLD.sender, NEW.sender);
            RETURN NULL;
        END $$;
        CREATE TRIGGER keep AFTER INSERT OR UPDATE OR DELETE ON messages FOR EACH ROW EXECUTE FUNCTION keep();
    """
    assert errors(drift(connection, schema)) == []
    trigger = "CREATE TRIGGER received AFTER UPDATE OF receiver ON messages FOR EACH ROW EXECUTE FUNCTION keep()"
    (result,) = drift(connection, trigger)
    assert isinstance(result, Unproven)
    assert result.reason == (
        "public.users.message_count: which of the foreign keys of public.messages it counts by cannot be told; "
        "declare it under [[expect.counters]]"
    )


def test_what_is_counted_cannot_be_told(connection: psycopg.Connection[Any]) -> None:
    body = """
        UPDATE decks SET card_count = (SELECT count(DISTINCT colour) FROM cards WHERE deck_id = decks.id)
        WHERE id IN (OLD.deck_id, NEW.deck_id);
        RETURN NULL;
    """
    (result,) = drift(connection, DECKS + CARDS.format(", colour text") + keeping(body))
    assert isinstance(result, Unproven)
    assert result.reason.startswith("public.decks.card_count: which rows it counts cannot be told")
    assert "declare it under [[expect.counters]]" in result.reason


def test_a_definition_that_only_updates_know(connection: psycopg.Connection[Any]) -> None:
    """New cards always count, learned ones no longer do: whether a learned one that is inserted counts is unclear."""
    body = """
        IF TG_OP = 'INSERT' THEN
            UPDATE decks SET card_count = card_count + 1 WHERE id = NEW.deck_id;
        ELSIF NEW.learned_at IS NOT NULL AND OLD.learned_at IS NULL THEN
            UPDATE decks SET card_count = card_count - 1 WHERE id = NEW.deck_id;
        END IF;
        RETURN NULL;
    """
    schema = DECKS + CARDS.format(", learned_at timestamptz") + keeping(body, "INSERT OR UPDATE OF learned_at")
    messages = errors(drift(connection, schema))
    assert [each.partition(":")[0] for each in messages] == [
        "public.decks.card_count is 1 too high after a DELETE from public.cards"
    ]


def test_what_is_declared_is_taken_at_its_word(connection: psycopg.Connection[Any]) -> None:
    schema = DECKS + CARDS.format(", learned boolean NOT NULL DEFAULT false") + keeping(RECOUNT)
    declared = Counter("public.decks.card_count", "public.cards", "deck_id", "NOT learned")
    message, *_ = errors(drift(connection, schema, declared))
    assert (
        "is 1 too high after an INSERT into public.cards: it says 1, public.cards has 0 rows WHERE NOT lea" in message
    )


def test_what_is_declared_and_not_there(connection: psycopg.Connection[Any]) -> None:
    results = drift(
        connection,
        DECKS + CARDS.format("") + keeping(RECOUNT),
        Counter("public.decks.card_count", "public.leaves", "deck_id"),
        Counter("public.decks.cards", "public.cards", "deck_id"),
        Counter("public.decks.card_count", "public.cards", "deck_id", "learnt"),
    )
    assert [each.reason for each in results if isinstance(each, Unproven)] == [
        "public.leaves does not exist",
        "public.decks has no column cards",
        "public.decks.card_count: (learnt) cannot be evaluated",
    ]


def test_nothing_to_try(connection: psycopg.Connection[Any]) -> None:
    declared = Counter("public.decks.card_count", "public.cards", "deck_id")
    (result,) = drift(connection, DECKS + CARDS.format(""))
    assert isinstance(result, NotApplicable)
    (result,) = drift(connection, "", declared)
    assert result == NotApplicable("nothing in the schema keeps public.decks.card_count")


def test_rows_that_cannot_be_made(connection: psycopg.Connection[Any]) -> None:
    body = "RAISE EXCEPTION 'no cards today'; UPDATE decks SET card_count = 0 WHERE id = NEW.deck_id; RETURN NULL;"
    (result,) = drift(connection, DECKS + CARDS.format("") + keeping(body))
    assert isinstance(result, Unproven)
    assert "no cards today" in result.reason


def test_rows_that_the_user_gives(tmp_path: Path, server: Server) -> None:
    schema = f"""
        CREATE TABLE rates (code text PRIMARY KEY CHECK (md5(code) IN (md5('EUR/' || 'USD'), md5('USD/' || 'EUR'))));
        {DECKS}
        {CARDS.format(", rate text NOT NULL REFERENCES rates")}
        {keeping(RECOUNT, "INSERT OR DELETE")}
    """
    (tmp_path / "001_cards.sql").write_text(schema)
    (tmp_path / "rates.sql").write_text(
        "INSERT INTO rates VALUES ('EUR/USD');\nINSERT INTO rates VALUES ('USD/EUR');\n"
    )
    (tmp_path / "migrate_validate.toml").write_text('[data."public.rates"]\nfixture = "rates.sql"\n')
    evaluation, findings = judged(tmp_path, server.version // 10000)
    evaluation.close()
    first, *_ = findings
    assert "public.decks.card_count is 1 too high after an UPDATE that moves a row" in first.message
    assert first.evidence["script"].startswith(
        "INSERT INTO rates VALUES ('EUR/USD');\nINSERT INTO rates VALUES ('USD/EUR');\n"
    )


def test_everything_is_taken_back(connection: psycopg.Connection[Any]) -> None:
    schema = DECKS + CARDS.format("") + keeping(RECOUNT, "INSERT OR DELETE")
    drift(connection, schema + "INSERT INTO decks VALUES (1, 0), (2, 0); INSERT INTO cards VALUES (1, 1), (2, 1);")
    assert connection.execute("SELECT * FROM decks ORDER BY id").fetchall() == [(1, 2), (2, 0)]
    assert connection.execute("SELECT * FROM cards ORDER BY id").fetchall() == [(1, 1), (2, 1)]


def test_parents_that_others_keep_from_being_deleted(connection: psycopg.Connection[Any]) -> None:
    schema = """
        CREATE TABLE people (id integer PRIMARY KEY, boss integer NOT NULL REFERENCES people);
        CREATE TABLE badges (id integer PRIMARY KEY, person_id integer NOT NULL);
        CREATE TABLE persons (id integer PRIMARY KEY, boss integer REFERENCES persons);
    """
    connection.execute(schema.encode(), prepare=False)
    (finding,) = RULES["orphans-possible"].function(connection)
    assert isinstance(finding, Finding)
    assert finding.message == (
        "a DELETE from public.persons leaves rows of public.badges whose person_id leads nowhere: "
        "no foreign key is declared, and no trigger steps in"
    )
    connection.execute(finding.fix.encode(), prepare=False)
    (result,) = RULES["orphans-possible"].function(connection)
    assert result == NotApplicable("no column without a foreign key looks like a reference")


def test_a_reference_is_told_with_its_place(tmp_path: Path, server: Server) -> None:
    (tmp_path / "001_people.sql").write_text("CREATE TABLE people (id bigint PRIMARY KEY, town text NOT NULL);\n")
    (tmp_path / "002_badges.sql").write_text(
        "CREATE TABLE badges (code text);\nALTER TABLE badges ADD people_id bigint;\n"
    )
    settings = load_settings(tmp_path, tmp_path)
    chain = read_chain(tmp_path, settings, rootdir=tmp_path)
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, settings, options)) as evaluation:
        (finding,) = evaluation.evaluate(RULES["orphans-possible"], None).findings
        *statements, question = finding.evidence["script"].split(";\n")
        with evaluation.clone() as connection, connection.transaction(force_rollback=True):
            connection.execute(";\n".join(statements).encode(), prepare=False)
            shown = connection.execute(question.rstrip(";").encode()).fetchall()
    assert (str(finding.location), finding.severity) == ("002_badges.sql:2:1", Severity.WARNING)
    assert finding.statement is not None
    assert finding.statement.startswith("DELETE FROM public.people WHERE id = ")
    assert shown == [(1,)]
    assert len(statements) == 3, "a person, a badge, and the DELETE"
