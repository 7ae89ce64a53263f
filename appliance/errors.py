"""Every error Chartside raises on purpose.

    ChartsideError                    status  exit
    ├── InputError                       400     2   the caller sent something unusable
    │   ├── AudioError                   415     2   not audio, or not the audio that was promised
    │   ├── TooLargeError                413     2   over a stated limit
    │   ├── ForbiddenError               403     2   by another web page, another name, a wrong PIN or code
    │   ├── NotPairedError               401     2   asked by a device that is not paired, or set up without the PIN
    │   ├── ThrottledError               429     2   too many wrong PINs or pairing codes
    │   ├── CertificateError             422     2   a certificate of the clinic that tablets would refuse
    │   ├── BackupError                  422     2   a backup that is not whole, or does not open
    │   ├── StretchError                 422     2   a stretch of audio that makes no sense
    │   └── UnknownTemplateError         404     2   no note template of that name
    ├── NotFoundError                    404     2   no such session, encounter or page
    ├── ConflictError                    409     2   contradicts what is already stored
    │   └── SigningBlockedError          409     2   something stands in the way of signing a note
    ├── BundleError                      500     3   a model bundle is missing, damaged or of the wrong kind
    ├── StorageError                     507     4   the disk is full or the store cannot be read
    ├── UnavailableError                 503     5   a service is starting, stopping or gone
    └── CancelledError                   499     6   the caller stopped the work

Each error carries one sentence that says what is wrong and a `hint` that says what to do next. Services send it as an
RFC 9457 problem document (`application/problem+json`) with `status`; the command line prints it and exits with `exit_code`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar


class ChartsideError(Exception):
    """Base of all errors raised on purpose.

    Args:
        message: One sentence: what is wrong. Never holds patient text.
        hint: One sentence: what to do next.
    """

    status: ClassVar[int] = 500
    """HTTP status code of the problem document."""
    exit_code: ClassVar[int] = 1
    """Exit code of the command line."""
    title: ClassVar[str] = "Chartside could not do that"
    """Short summary of the kind of problem, the same for every occurrence."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def problem(self) -> dict[str, str | int]:
        """The error as the members of an RFC 9457 problem document."""
        return {
            "type": self.problem_type(),
            "title": self.title,
            "status": self.status,
            "detail": self.message,
            "hint": self.hint,
        }

    @classmethod
    def problem_type(cls) -> str:
        """The URI that names this kind of problem."""
        return f"urn:chartside:problem:{cls.__name__}"


class InputError(ChartsideError):
    """The caller sent something unusable."""

    status = 400
    exit_code = 2
    title = "The input cannot be used"


class AudioError(InputError):
    """The bytes are not audio, or not the audio that was promised."""

    status = 415
    title = "The audio cannot be used"


class TooLargeError(InputError):
    """The input is over a stated limit."""

    status = 413
    title = "The input is too large"


class ForbiddenError(InputError):
    """The request comes from another web page or to another host name, or brings a wrong PIN or code."""

    status = 403
    title = "The request is not allowed"


class NotPairedError(InputError):
    """The device is not paired with this box, or was revoked; or set-up was asked for without the PIN."""

    status = 401
    title = "This device is not known to the box"


class ThrottledError(InputError):
    """Too many wrong PINs or pairing codes."""

    status = 429
    title = "Too many attempts"


class CertificateError(InputError):
    """A certificate of the clinic that tablets would refuse."""

    status = 422
    title = "The certificate cannot be used"


class BackupError(InputError):
    """A file is no backup, not a whole one, or one that does not open."""

    status = 422
    title = "The backup cannot be used"


class UnknownTemplateError(InputError):
    """There is no note template of that name."""

    status = 404
    title = "There is no such note template"


class StretchError(InputError):
    """A stretch of audio that makes no sense."""

    status = 422
    title = "The stretch of audio cannot be given"


class NotFoundError(ChartsideError):
    """There is no such session, encounter or page."""

    status = 404
    exit_code = 2
    title = "Not found"


class ConflictError(ChartsideError):
    """The request contradicts what is already stored."""

    status = 409
    exit_code = 2
    title = "The request conflicts with what is stored"


class SigningBlockedError(ConflictError):
    """Something stands in the way of signing a note.

    Args:
        message: How much stands in the way.
        hint: What to do about it.
        blocks: What it is, as the kiosk sends it with the problem document.
    """

    title = "The note cannot be signed yet"

    def __init__(self, message: str, *, hint: str = "", blocks: Sequence[object] = ()) -> None:
        super().__init__(message, hint=hint)
        self.blocks = tuple(blocks)


class BundleError(ChartsideError):
    """A model bundle is missing, damaged or of the wrong kind."""

    exit_code = 3
    title = "The model bundle cannot be used"


class StorageError(ChartsideError):
    """The disk is full, or the store cannot be read or written."""

    status = 507
    exit_code = 4
    title = "The encounter store cannot be used"


class UnavailableError(ChartsideError):
    """A service is starting, stopping or gone."""

    status = 503
    exit_code = 5
    title = "The service is not available"


class CancelledError(ChartsideError):
    """The caller stopped the work."""

    status = 499
    exit_code = 6
    title = "The work was stopped"


def from_problem(document: Mapping[str, object]) -> ChartsideError:
    """Rebuild an error from a problem document that another service sent.

    Args:
        document: Members of an RFC 9457 problem document.

    Returns:
        The error class that the document's `type` names; for a type from elsewhere, `ChartsideError`.
    """
    kinds = {kind.problem_type(): kind for kind in _all_kinds(ChartsideError)}
    kind = kinds.get(str(document.get("type")), ChartsideError)
    return kind(str(document.get("detail", kind.title)), hint=str(document.get("hint", "")))


def _all_kinds(kind: type[ChartsideError]) -> Iterator[type[ChartsideError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _all_kinds(child)
