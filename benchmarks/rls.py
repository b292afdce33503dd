"""Proving row level security: probes a second, and the time that many tables take."""

from __future__ import annotations

import argparse
import statistics
from importlib import import_module
from typing import Any

from measuring import seconds

from migrate_validate.catalog.model import Catalog
from migrate_validate.config import Settings
from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres.environments import SUPABASE, prepare, settle

GOAL = 10.0
"""Seconds for 100 tables."""
PROVING: Any = import_module("migrate_validate.checks._rls_isolation.proving")

MEMBERS = """
CREATE TABLE public.orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE public.members (org_id uuid REFERENCES public.orgs, user_id uuid REFERENCES auth.users,
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member')), PRIMARY KEY (org_id, user_id));
CREATE FUNCTION public.my_orgs() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT m.org_id FROM public.members m WHERE m.user_id = (SELECT auth.uid())
$$;
REVOKE EXECUTE ON FUNCTION public.my_orgs() FROM PUBLIC, anon;
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.orgs FOR SELECT TO authenticated USING (id IN (SELECT public.my_orgs()));
CREATE POLICY own ON public.members FOR SELECT TO authenticated USING (org_id IN (SELECT public.my_orgs()));
"""
TABLE = """
CREATE TABLE public.t{number} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES public.orgs,{above} made_by uuid REFERENCES auth.users, title text NOT NULL,
    kind text NOT NULL DEFAULT 'a' CHECK (kind IN ('a', 'b')), amount numeric(10, 2) CHECK (amount > 0));
ALTER TABLE public.t{number} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.t{number} TO authenticated USING ({check}) WITH CHECK ({check}{above_check});
"""
OWN = "org_id IN (SELECT public.my_orgs())"
ABOVE_OWN = " AND EXISTS (SELECT 1 FROM public.t{above} a WHERE a.id = t{number}.above AND a.org_id = t{number}.org_id)"


LEAKS = """
CREATE POLICY all_read ON public.t{number} FOR SELECT TO authenticated USING (true);
CREATE POLICY all_delete ON public.t{number} FOR DELETE TO authenticated USING (true);
"""


def schema(tables: int, *, leaking: bool = False) -> str:
    """Tables of organizations with two roles, each referring to the one before.

    :param leaking: everybody may read and delete everything in all but the first two
    """
    texts = []
    for number in range(tables - 2):
        above = f" above bigint NOT NULL REFERENCES public.t{number - 1}," if number else ""
        further = ABOVE_OWN.format(above=number - 1, number=number) if number else ""
        texts.append(TABLE.format(number=number, above=above, check=OWN, above_check=further))
        if leaking:
            texts.append(LEAKS.format(number=number))
    return MEMBERS + "".join(texts) + "REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;"


def measure(server: Server, tables: int, runs: int, *, leaking: bool = False) -> tuple[Any, list[float]]:
    """Prove a schema several times; what was shown the last time, and the seconds of each."""
    proofs: list[Any] = []
    with server.create_database("tables") as database:
        prepare(SUPABASE, database)
        with database.connect("postgres") as connection:
            connection.execute(schema(tables, leaking=leaking).encode())
        settle(SUPABASE, database)
        with database.connect() as connection:
            catalog = Catalog.read(connection).without_schemas(SUPABASE.schemas)
            settings = Settings(api_roles=SUPABASE.api_roles)
            taken = [seconds(lambda: proofs.append(PROVING.prove(connection, catalog, settings))) for _ in range(runs)]
    return proofs[-1], taken


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=100, help="the most tables (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="measurements of each (default: %(default)s)")
    parser.add_argument("--server", type=int, help="major version of PostgreSQL")
    options = parser.parse_args()
    print(f"Proving row level security\n  goal: 100 tables in {GOAL:.0f} s; medians of {options.runs} runs")
    with open_server(ServerOptions(major=options.server)) as server:
        for tables in (options.tables // 10, options.tables // 2, options.tables):
            proof, taken = measure(server, tables, options.runs)
            probing, whole = proof.isolation.seconds, statistics.median(taken)
            probes = proof.isolation.probes
            print(
                f"  {tables:4} tables  {whole:6.2f} s, of which probes {probing:6.2f} s;"
                f"  {probes:6} probes, {probes / probing:6.0f} a second;"
                f"  {len(proof.told)} findings, {sum(map(bool, proof.unproven.values()))} unproven"
            )
        tables = options.tables // 5
        sound, leaking = (measure(server, tables, options.runs, leaking=each) for each in (False, True))
        more = (statistics.median(leaking[1]) - statistics.median(sound[1])) / len(leaking[0].told)
        print(f"  {tables:4} tables that leak: {len(leaking[0].told)} findings, {more * 1000:.0f} ms for each")


if __name__ == "__main__":
    main()
