"""A config.toml with every key and a secret, for the tests of contexts."""

SECRET = "correct-horse-battery"


FULL = f"""
[contexts.prod]
url = "redis://:${{PW}}@h:${{PORT}}/0"
faktory = "tcp://:{SECRET}@h"
password_command = "touch {{ran}}; echo {SECRET}"
protected = true
reason_required = true
[contexts.secret]
url = "redis://ada:{SECRET}@h/2"
[contexts.lost]
url = "redis://:{SECRET}/@h"
[contexts.mixed]
url = "redis://:{SECRET}@${{HOST}}/0?password={SECRET}"
[contexts.plain]
url = "unix:///run/redis.sock"
layout = "q"
system = "faktory"
records_namespace = "jobs"
journal = false
read_only = true
password_file = "{SECRET}"
"""
FORMATS = ("table", "wide", "json", "jsonl", "csv", "tsv", "ids")
