"""What the user can do where a statement fails because of the way in which a tool sends its files."""

from __future__ import annotations

import re

from migrate_validate.chain.formats import FORMATS
from migrate_validate.chain.model import Chain, Script, Sends
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.replay.timeline import Failure

_CUT_SHORT = re.compile(r"^unterminated |at end of input$")
_SYNTAX_ERROR = "42601"
_ACTIVE_TRANSACTION = "25001"


def about_sending(failure: Failure, chain: Chain, script: Script) -> tuple[str, ...]:
    """Sentences for the user; empty where the way of sending has no part in the failure."""
    format = next(each for each in FORMATS if each.name == chain.format)
    if format.block and failure.sqlstate == _SYNTAX_ERROR and _CUT_SHORT.search(failure.message):
        return (_about_cut(failure, format.title, format.block, script),)
    if failure.sqlstate != _ACTIVE_TRANSACTION:
        return ()
    if script.sends is Sends.TRANSACTION:
        return (f"{format.title} runs the file in one transaction{_other(format.alone)}.",)
    if script.sends is Sends.MESSAGE:
        return (_about_message(format.title, "the file", "into a file of its own"),)
    if script.sends is Sends.STATEMENTS and _is_unparsed(failure, script):
        return (_about_message(format.title, "them", "on lines of its own"),)
    return ()


def _other(alone: str) -> str:
    return f": {alone}, where it is to run in none" if alone else ""


def _about_message(tool: str, what: str, where: str) -> str:
    return (
        f"{tool} sends {what} as one message, and PostgreSQL makes one transaction of several statements in one:"
        f" put this one {where}."
    )


def _about_cut(failure: Failure, tool: str, block: str, script: Script) -> str:
    sent = failure.statement or ""
    start = script.text.find(sent)
    place = f", here line {script.text.count(chr(10), 0, start + len(sent)) + 1}" if sent and start >= 0 else ""
    return (
        f"{tool} ends a statement with each line that ends with a semicolon{place}: write `{block}Begin` before the"
        f" statement and `{block}End` behind it."
    )


def _is_unparsed(failure: Failure, script: Script) -> bool:
    """Whether what failed is a message of several statements, which is kept whole."""
    try:
        return any(each.kind == UNPARSED and each.sql == failure.statement for each in statements(script))
    except ScriptError:
        return False
