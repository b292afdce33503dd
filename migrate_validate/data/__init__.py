"""Rows that a schema could hold: strategies from the catalog, datasets, and loading them.

In a test of your own, with the database that your migrations have made::

    import os

    import psycopg
    from hypothesis import given, settings

    from migrate_validate.catalog.model import Catalog
    from migrate_validate.data import dataset, learn, load

    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    catalog = Catalog.read(connection)
    learned = learn(connection, catalog)  # asks PostgreSQL which values the tables take


    @settings(deadline=None)
    @given(dataset(catalog, learned=learned))
    def test_every_order_has_a_customer(data):
        with connection.transaction(force_rollback=True):
            load(connection, data, raise_refusals=False)
            query = "SELECT count(*) FROM orders LEFT JOIN customers c ON c.id = customer WHERE c.id IS NULL"
            assert connection.execute(query).fetchone() == (0,)

A failing example is printed as INSERT statements that can be run.
"""

from migrate_validate.data.dataset import dataset
from migrate_validate.data.given import Given
from migrate_validate.data.learned import Learned
from migrate_validate.data.learning import learn
from migrate_validate.data.loading import Refused, accepted, load
from migrate_validate.data.mining import mined
from migrate_validate.data.model import Dataset
from migrate_validate.data.strategies import Row, rows
from migrate_validate.data.values import DEFAULT, Value

__all__ = [
    "DEFAULT",
    "Dataset",
    "Given",
    "Learned",
    "Refused",
    "Row",
    "Value",
    "accepted",
    "dataset",
    "learn",
    "load",
    "mined",
    "rows",
]
