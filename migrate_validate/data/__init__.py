"""Rows that a schema could hold: strategies from the catalog, datasets, and loading them."""

from migrate_validate.data.dataset import Dataset, Refused, dataset, load
from migrate_validate.data.strategies import Row, rows
from migrate_validate.data.values import DEFAULT, Value

__all__ = ["DEFAULT", "Dataset", "Refused", "Row", "Value", "dataset", "load", "rows"]
