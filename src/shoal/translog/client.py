"""Asks witnesses to cosign a log's checkpoint (C2SP tlog-witness, `add-checkpoint`)."""

import re
from contextlib import suppress

from shoal.errors import DataError, StateError, VerificationError
from shoal.translog.cosignature import verify_cosignature
from shoal.translog.log import Log
from shoal.translog.note import Signature, VerifierKey, encode
from shoal.translog.policy import Policy
from shoal.translog.view import View
from shoal.translog.web import TIMEOUT, call, check_address
from shoal.translog.witness import request_body

_LARGEST_ANSWER = 1 << 16


def collect(log: Log, policy: Policy, timeout: float = TIMEOUT) -> tuple[list[VerifierKey], list[str]]:
    """Have every witness of the policy that has an address cosign the log's checkpoint, and add what they send.

    Gives the witnesses that did, and a sentence for each that did not. Raises `VerificationError` where one has seen
    another history of this log, once what the others sent is added.
    """
    view = log.view()
    lines: list[tuple[VerifierKey, Signature]] = []
    failed: list[str] = []
    objection: VerificationError | None = None
    for known in policy.witnesses.values():
        if known.url is not None:
            try:
                lines.append((known.key, ask(known.url, known.key, view, timeout)))
            except StateError as error:
                failed.append(str(error))
            except VerificationError as error:
                objection = error
    log.cosign(lines, view)
    if objection is not None:
        raise objection
    return [key for key, _ in lines], failed


def ask(url: str, key: VerifierKey, view: View, timeout: float = TIMEOUT) -> Signature:
    """One witness's cosignature on a checkpoint, verified.

    The witness says how far it knows the log, and is shown that the log continues from there. Raises `StateError`
    where it can't be reached or has no use for the request, `VerificationError` where it knows another history.
    """
    address = f"{check_address(url)}/add-checkpoint"
    old = 0
    for _ in range(3):
        proof = [encode(part) for part in view.prove_consistency(old)]
        try:
            status, body = call(address, _LARGEST_ANSWER, timeout, request_body(old, proof, bytes(view.note)))
        except DataError as error:
            raise StateError(f"the witness {key.name} does not answer: {error}") from None
        if status == 200:
            return _mine(body, key, view)
        if status == 422:
            raise VerificationError(f"the witness {key.name} has cosigned another history of this log")
        if status != 409:
            raise StateError(f"the witness {key.name} does not cosign (status {status}); ask who runs it")
        old = _size(body, key)
        if old > view.size:
            raise VerificationError(
                f"the witness {key.name} has cosigned {old} entries of this log, which shows {view.size}: "
                "it was rolled back"
            )
    raise StateError(f"the witness {key.name} is asked by others at the same time; try again")


def _mine(body: bytes, key: VerifierKey, view: View) -> Signature:
    for text in body.decode("utf-8", "replace").removesuffix("\n").split("\n"):
        with suppress(VerificationError):
            line = Signature.parse(text)
            if key.made(line):
                verify_cosignature(key, view.note.text, line)
                return line
    raise StateError(f"the witness at this address did not sign with the policy's key {key.name}; compare the keys")


def _size(body: bytes, key: VerifierKey) -> int:
    if not re.fullmatch(rb"(0|[1-9][0-9]{0,18})\n", body):
        raise StateError(f"the witness {key.name} does not say how far it knows the log; ask who runs it")
    return int(body)
