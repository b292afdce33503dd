"""What users declare of the tenancy, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection

from migrate_validate.catalog.model import Catalog
from migrate_validate.config import DeclaredTenancy
from migrate_validate.errors import ConfigError

_WHERE = "[tool.migrate_validate.tenancy]"


def check_names(said: DeclaredTenancy, catalog: Catalog) -> None:
    """Refuse names that the schema does not have.

    :raises ConfigError: naming the key and the name
    """
    names = [
        *(("root", each) for each in [said.root] if each),
        *(("people", each) for each in [said.people] if each),
        *(("memberships", each) for each in said.memberships or ()),
        *(("staff", each) for each in said.staff or ()),
        *(("public_read", each) for each in said.public_read),
        *(("cross_tenant", each) for each in said.cross_tenant),
    ]
    views = {view.qualified_name for view in catalog.views}
    for key, name in names:
        exists = catalog.whole.table(name) is not None or (name in views and key in ("public_read", "cross_tenant"))
        if not exists:
            raise ConfigError(
                f"{_WHERE} {key} names {name}, which the migrated schema does not have",
                looked=[table.qualified_name for table in catalog.tables],
                remedy="name a table that the chain leaves behind, as schema.name",
            )


def check_memberships(declared: Collection[str], usable: Collection[str], people: str) -> None:
    """Refuse tables that say nothing of who belongs to whom.

    :param usable: those that refer to a person and to something else
    :raises ConfigError: naming the first that does not
    """
    for name in declared:
        if name not in usable:
            raise ConfigError(
                f"{_WHERE} memberships names {name}, which does not say who belongs to whom",
                looked=[f"foreign keys of {name} to people ({people}) and to another table"],
                remedy="name tables that refer to a person and to a tenant",
            )


def nobody_belongs_to(root: str) -> ConfigError:
    """The error about a table of tenants to which nothing leads from people or from the session."""
    return ConfigError(
        f"{_WHERE} root names {root}, and nothing says who belongs to it",
        looked=[
            f"tables that refer to a person and to {root}",
            f"policies that compare a column that refers to {root} with a claim or a setting of the session",
        ],
        remedy="declare memberships, claim or setting, too",
    )
