"""Extensions that a chain needs: which they are, and SQL stand-ins for those that the server does not have."""

from migrate_validate.postgres.extensions.index_options import as_sent, cursor_for
from migrate_validate.postgres.extensions.remedies import extension_of, instead_of_stand_in, offers, remedies
from migrate_validate.postgres.extensions.stand_ins import StandIn, install_script, known, needed, offer

__all__ = [
    "StandIn",
    "as_sent",
    "cursor_for",
    "extension_of",
    "install_script",
    "instead_of_stand_in",
    "known",
    "needed",
    "offer",
    "offers",
    "remedies",
]
