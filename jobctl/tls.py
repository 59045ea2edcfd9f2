"""TLS for Redis and Faktory: check the files, and explain a handshake that failed."""

from __future__ import annotations

import ssl
from pathlib import Path

from jobctl.errors import Unreachable, UsageProblem
from jobctl.model.target import Tls

_OTHER_NAME = (62, 64)  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
NO_TLS_HINT = "does this port speak TLS? it may be another one than the plain one"
_DATE = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


def check_files(tls: Tls) -> ssl.SSLContext:
    """Load the certificates and key, before anything is connected.

    Returns:
        A client context with them.

    Raises:
        UsageProblem: one of them cannot be read.
    """
    if tls.key and not tls.cert:
        raise UsageProblem("a key needs its certificate", hint="give --cert too")
    context = ssl.create_default_context()
    if tls.insecure or tls.any_host:
        context.check_hostname = False
    if tls.insecure:
        context.verify_mode = ssl.CERT_NONE
    if tls.cacert:
        _check_readable("--cacert", tls.cacert)
        try:
            context.load_verify_locations(tls.cacert)
        except ssl.SSLError:
            raise UsageProblem(f"{tls.cacert} holds no CA certificate", hint=_PEM) from None
    if tls.cert:
        _check_readable("--cert", tls.cert)
        _check_readable("--key", tls.key or tls.cert)
        try:
            # Without a password here OpenSSL would ask for one, on the terminal.
            context.load_cert_chain(tls.cert, tls.key, password=b"")
        except ssl.SSLError:
            raise UsageProblem(
                f"{tls.cert} and {tls.key or 'the key in it'} are no certificate and its key",
                hint=f"{_PEM}; the key must not be encrypted",
            ) from None
    return context


_PEM = "it must be in PEM form: -----BEGIN .."
_FROM = "the option, or the URL, names it"


def _check_readable(option: str, file: str) -> None:
    try:
        with Path(file).open("rb"):
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageProblem(f"{option}: cannot read {file}: {why}", hint=_FROM) from None


def explain_handshake(error: ssl.SSLError, target: str) -> Unreachable:
    """Return the error for a handshake that failed, with the reason that OpenSSL gives."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, target)
    return Unreachable(
        f"no TLS with {target}: {error.reason or 'the handshake failed'}",
        hint=NO_TLS_HINT,
    )


def _untrusted(error: ssl.SSLCertVerificationError, target: str) -> Unreachable:
    why = error.verify_message.rstrip(".")
    message = f"the certificate of {target} is not trusted: {why}"
    if error.verify_code in _OTHER_NAME:
        hint = "use the name the certificate is for; --insecure does not check"
    elif error.verify_code in _DATE:
        hint = "the server needs a new one, or this clock is wrong; --insecure does not check"
    else:
        hint = "name its CA with --cacert FILE; --insecure does not check"
    return Unreachable(message, hint=hint)
