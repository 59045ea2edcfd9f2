"""The front door: runs a command line, says what went wrong, and returns the exit code."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from jobctl.cli.root import root
from jobctl.cli.session import Session
from jobctl.errors import Exit, JobctlError, UsageProblem
from jobctl.render.safe import printable_lines


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code. Nothing escapes but an exit."""
    session = Session()
    try:
        code = _invoke(argv, session)
        sys.stdout.flush()
    except BrokenPipeError:
        return _hush()
    except JobctlError as error:
        return _tell(error, argv)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return Exit.USAGE
    except click.UsageError as error:
        return _tell(_usage(error), argv)
    except click.ClickException as error:
        return _tell(JobctlError(error.format_message()), argv)
    except (click.Abort, KeyboardInterrupt):
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        return Exit.INTERRUPTED
    except Exception as error:
        if session.flag("debug"):
            raise
        name = type(error).__name__
        problem = f"{name}: {error}" if str(error) else name
        hint = "this is a bug in jobctl; --debug shows where"
        return _tell(JobctlError(problem, hint=hint), argv)
    return code


def _invoke(argv: Sequence[str], session: Session) -> int:
    result = root.main(list(argv), prog_name="jobctl", standalone_mode=False, obj=session)
    return result if isinstance(result, int) else Exit.OK


def _hush() -> int:
    """Whoever read stdout has seen enough: no complaint, and no second one at the exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK


def _usage(error: click.UsageError) -> UsageProblem:
    hint = f"see: {error.ctx.command_path} --help" if error.ctx else None
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        return UsageProblem(
            f"no such option: {error.option_name}",
            hint=f"did you mean {' or '.join(sorted(error.possibilities))}?",
        )
    return UsageProblem(error.format_message().rstrip("."), hint=hint)


def _tell(error: JobctlError, argv: Sequence[str]) -> int:
    """Print an error: two lines, or an object where the output is JSON."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    code = error.code.value
    if _wants_json(argv):
        text = json.dumps({"code": code, "message": error.message, "hint": error.hint})
    else:
        lines = [f"error: {printable_lines(error.message)}"]
        lines += [f"hint: {printable_lines(error.hint)}"] if error.hint else []
        text = "\n".join(lines)
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)
    return code


def _wants_json(argv: Sequence[str]) -> bool:
    joined = [f"{option}={value}" for option, value in pairwise(argv)]
    asked = ("-o=json", "--output=json", "-ojson")
    return any(word.startswith(asked) for word in (*argv, *joined))
