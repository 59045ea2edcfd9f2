"""Every deliberate error of jobctl, each with its exit code.

An error's docstring is its default message. The other packages raise these; only the command line
prints them (``error: ..`` and ``hint: ..``) and exits.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """The exit codes, the same for every command."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    SOME_FAILED = 5
    TIMED_OUT = 6
    REFUSED = 7
    PROBLEMS = 8
    INTERRUPTED = 130


EXIT_MEANINGS: dict[Exit, str] = {
    Exit.OK: "done, also when nothing matched",
    Exit.FAILURE: "failure, also when every job failed",
    Exit.USAGE: "usage: the command line does not make sense",
    Exit.UNREACHABLE: "Redis or Faktory unreachable, or it refused",
    Exit.NOT_FOUND: "not found",
    Exit.SOME_FAILED: "some failed, the rest are done",
    Exit.TIMED_OUT: "a wait timed out",
    Exit.REFUSED: "refused by a guard; nothing was changed",
    Exit.PROBLEMS: "a check found problems",
    Exit.INTERRUPTED: "interrupted (Ctrl-C)",
}


class JobctlError(Exception):
    """Something went wrong."""

    code: ClassVar[Exit] = Exit.FAILURE

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        at: tuple[str, int] | None = None,
    ) -> None:
        """Make an error.

        Args:
            message: what happened; by default the docstring of the error.
            hint: what to do about it.
            at: a text that was typed, and the position of the mistake in it.
        """
        self.message = message or (type(self).__doc__ or "Something went wrong.").splitlines()[0]
        self.hint = hint
        self.at = at
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class UsageProblem(JobctlError):
    """The command line does not make sense."""

    code = Exit.USAGE


class ConfigProblem(UsageProblem):
    """The config file cannot be used."""


class UnknownContext(ConfigProblem):
    """There is no such context."""


class BadUrl(UsageProblem):
    """The URL is malformed."""


class BadFilter(UsageProblem):
    """The filter does not make sense."""


class BadSchedule(UsageProblem):
    """The schedule is not one that the server accepts."""


class UnknownZone(BadSchedule):
    """There is no such time zone."""


class HangingSchedule(JobctlError):
    """The server's search for the next firing never ends."""

    code = Exit.PROBLEMS


class NeverFires(JobctlError):
    """The schedule never fires."""

    code = Exit.PROBLEMS


class BadCronFile(JobctlError):
    """The file of cron entries cannot be used."""

    code = Exit.PROBLEMS


class Unreachable(JobctlError):
    """Redis cannot be reached."""

    code = Exit.UNREACHABLE


class ConnectionLost(Unreachable):
    """The connection to Redis was lost."""


class WrongReply(ConnectionLost):
    """A command got a reply that Redis never gives; whether it took effect is not known."""


class RefusedByRedis(Unreachable):
    """Redis refused."""


class WrongPassword(RefusedByRedis):
    """Redis refused the password."""


class NoPasswordWanted(WrongPassword):
    """Redis has no password, one was given."""


class NoPermission(RefusedByRedis):
    """Redis denies this user a command or key that jobctl needs."""


class NoMemory(RefusedByRedis):
    """Redis has reached its memory limit."""


class Loading(RefusedByRedis):
    """Redis is loading its data from disk."""


class NotRedis(Unreachable):
    """What answers there is not a Redis."""


class TooOld(RefusedByRedis):
    """This Redis is older than 6.2."""


class WrongType(RefusedByRedis):
    """A key holds another type than it should."""


class NotFaktory(Unreachable):
    """What answers there is not a Faktory server."""


class RefusedByFaktory(Unreachable):
    """The Faktory server refused."""


class NotFound(JobctlError):
    """Not found."""

    code = Exit.NOT_FOUND


class TimedOut(JobctlError):
    """The wait timed out."""

    code = Exit.TIMED_OUT


class NotTaken(JobctlError):
    """A server said OK, and nothing came of it."""


class ServerProblem(JobctlError):
    """The embedded server could not be started or stopped."""


class FileProblem(JobctlError):
    """The operation's file cannot be used."""


class Refused(JobctlError):
    """Refused by a guard; nothing was changed."""

    code = Exit.REFUSED
