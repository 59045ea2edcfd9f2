"""``${VAR}`` in the strings of config.toml; ``$$`` is a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jobctl.errors import ConfigProblem

_NAME = r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}"
_PLACE = re.compile(rf"\$\$|{_NAME}|\$\{{")


def expand(text: str, environ: Mapping[str, str], what: str) -> str:
    """Return a text with each ``${VAR}`` replaced by its value.

    Args:
        text: as it stands in the file.
        environ: the environment; an empty variable counts as unset, as everywhere: a URL without
            its host would mean this machine.
        what: the key and its context, as a message begins with it.

    Raises:
        ConfigProblem: a variable is not set, or ``${`` begins none.
    """

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        if found[1] is None:
            raise ConfigProblem(
                f"{what}: '${{' begins no ${{VARIABLE}}", hint="$$ stands for a dollar sign"
            )
        if not environ.get(found[1]):
            state = "empty" if found[1] in environ else "not set"
            raise ConfigProblem(
                f"{what} needs the variable {found[1]}, which is {state}",
                hint=f"export {found[1]}=.., or write $$ where a dollar sign is meant",
            )
        return environ[found[1]]

    return _PLACE.sub(value, text)


def refers(text: str) -> bool:
    """Tell whether a text has a ``${VAR}`` in it."""
    return any(found[1] is not None for found in _PLACE.finditer(text))


def only_refers(text: str) -> bool:
    """Tell whether a text is one ``${VAR}`` or more and nothing else: there is no secret in it."""
    return re.fullmatch(rf"({_NAME})+", text) is not None


def plain(text: str) -> str:
    """Return a text without any ``${VAR}`` as it is meant."""
    return text.replace("$$", "$")
