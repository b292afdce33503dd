"""Extensions that a chain needs: which they are, and SQL stand-ins for those that the server does not have."""

from migrate_validate.postgres.extensions.stand_ins import (
    CONTROL_PATH_SINCE,
    StandIn,
    install_script,
    known,
    needed,
    offer,
    unavailable_message,
)

__all__ = ["CONTROL_PATH_SINCE", "StandIn", "install_script", "known", "needed", "offer", "unavailable_message"]
