"""The module and summary of every command, so that the root help imports none of them."""

from __future__ import annotations

from typing import NamedTuple


class Listed(NamedTuple):
    """The place of a command (``module:attribute``) and its summary."""

    home: str
    summary: str


SECTIONS: dict[str, dict[str, Listed]] = {
    "Find and list": {
        "status": Listed("status:status", "Find jobs by JID, whatever structure they are in."),
        "retries": Listed("sets:retries", "Jobs that failed and will be tried again."),
        "scheduled": Listed("sets:scheduled", "Jobs that will be pushed at a set time."),
        "dead": Listed("sets:dead", "Jobs that will not run again by themselves."),
        "working": Listed("sets:working", "Jobs that workers hold right now."),
        "queue": Listed("queue:queue", "Queues and the jobs that wait in them."),
        "query": Listed("query:query", "Status records that match, as Jobba keeps them."),
        "info": Listed("status:info", "One screen: totals, days, server."),
        "states": Listed("status:states", "The states of a job, and what other systems call them."),
    },
    "Repair": {
        "mutate": Listed("verbs:mutate", "Do what a MUTATE document of Faktory says."),
        "undo": Listed("journal:undo", "Put back what an operation changed."),
        "resume": Listed("journal:resume", "Go on with an operation that was stopped."),
        "apply": Listed("journal:apply", "Do what a plan says, to exactly its jobs."),
        "journal": Listed("journal:journal", "The operations that changed something."),
    },
    "Records": {
        "record": Listed("record:record", "Status records of jobs, as the Jobba gem keeps them."),
    },
    "Cron": {
        "cron": Listed("cron:cron", "Schedules of the cron plugin, as the server reads them."),
    },
    "Set up": {
        "demo": Listed("demo:demo", "Try jobctl on a private server full of lifelike jobs."),
        "server": Listed("server:server", "Start, stop or look at the private server."),
        "context": Listed("context:context", "Names for job systems, and the rules of each."),
        "completion": Listed("completion:completion", "Print the completion script of a shell."),
        "help": Listed("options:help_command", "Explain a command, or options that many share."),
    },
}
# Commands and options that the last release removed, and their successors.
SUCCESSORS = {
    "jobctl config": "jobctl context show",
    "jobctl explain": "--explain with ls, count and the verbs: jobctl retries ls --explain",
    "jobctl query --unverified": "--index",
    "jobctl record create --provider-job-id": "--provider",
    "jobctl record args": "jobctl record set ID --clear-args --arg KEY=VALUE",
    "jobctl record error": "jobctl record set ID --error TEXT",
    "jobctl record name": "jobctl record set ID --name NAME",
    "jobctl record progress": "jobctl record set ID --progress AT/OUT_OF",
    "jobctl record provider": "jobctl record set ID --provider JID",
    "jobctl record save": "jobctl record set ID --data JSON",
}
COMMANDS = {name: listed for section in SECTIONS.values() for name, listed in section.items()}
