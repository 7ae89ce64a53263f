"""The bill of materials of a build: every Debian, Python and npm package and every file of the models, as CycloneDX.

The same parts give the same bytes: the serial number is made from the content, and the time is that of the sources.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import Distribution, PackageMetadata, distributions
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType, Pedigree
from cyclonedx.model.license import License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from appliance.errors import InputError
from appliance.runtime.bundle import Bundle, describe_file
from appliance.update.release import Release

T = TypeVar("T")
SCHEMA: Final = SchemaVersion.V1_6
SUFFIX: Final = ".cdx.json"
_APPROVED: Final = "License :: OSI Approved :: "
_SPDX: Final = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""SPDX identifiers of the classifiers that mean exactly one licence; "BSD License" does not."""


class DebianPackage(msgspec.Struct, frozen=True, order=True):
    """An installed package, as mkosi lists it."""

    name: str
    version: str
    architecture: str


class _About(msgspec.Struct, frozen=True):
    release: str


class DebianManifest(msgspec.Struct, frozen=True):
    """What mkosi writes about an image (`ManifestFormat=json`)."""

    config: _About
    packages: tuple[DebianPackage, ...]


class _NpmPackage(msgspec.Struct, frozen=True):
    version: str = ""
    integrity: str = ""
    license: str = ""
    dev: bool = False


class _NpmLock(msgspec.Struct, frozen=True):
    packages: dict[str, _NpmPackage]


def bill_of(release: Release, parts: list[Component], made: datetime) -> str:
    """The bill of materials as JSON.

    Args:
        release: The system that consists of the parts.
        parts: In any order.
        made: When the sources were; not when the build ran.
    """
    system = Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=release.product,
        version=release.version,
        bom_ref=f"{release.product}@{release.version}",
        properties=[Property(name="chartside:board", value=release.board)],
    )

    def text(serial: uuid.UUID) -> str:
        bill = Bom(serial_number=serial, metadata=BomMetaData(component=system, timestamp=made), components=parts)
        bill.register_dependency(system, parts)
        return make_outputter(bill, OutputFormat.JSON, SCHEMA).output_as_string(indent=2) + "\n"

    unnumbered = text(uuid.UUID(int=0))
    return text(uuid.uuid5(uuid.NAMESPACE_OID, unnumbered))


def debian_parts(manifests: Sequence[Path]) -> Iterator[Component]:
    """The Debian packages of an image: of its root and of its initial file system, each once.

    Raises:
        InputError: A manifest cannot be read.
    """
    found = [read_debian_manifest(path) for path in manifests]
    for package in sorted({package for manifest in found for package in manifest.packages}):
        qualifiers = {"arch": package.architecture, "distro": found[0].config.release}
        url = PackageURL("deb", "debian", package.name, package.version, qualifiers)
        yield Component(
            type=ComponentType.LIBRARY, name=package.name, version=package.version, purl=url, bom_ref=url.to_string()
        )


def read_debian_manifest(path: Path) -> DebianManifest:
    """What mkosi wrote.

    Raises:
        InputError: The file cannot be read, or is something else.
    """
    return _read_json(path, DebianManifest)


def python_parts(site: Path, wheels: Path) -> Iterator[Component]:
    """The Python packages in a directory, with the hash of the wheel that each came from.

    Args:
        site: As on `sys.path`.
        wheels: The wheels that were unpacked there; it may hold more.

    Raises:
        InputError: There is no wheel of an installed package.
    """
    fetched = {parse_wheel_filename(path.name)[:2]: path for path in wheels.glob("*.whl")}
    for found in distributions(path=[str(site)]):
        name = canonicalize_name(found.name)
        wheel = describe_file(fetched.get((name, Version(found.version)), wheels / "missing"))
        if wheel is None:
            raise InputError(f"There is no wheel of {name} {found.version} in {wheels}.", hint="Build the image again.")
        yield _python_part(found, name, wheel.sha256)


def npm_parts(lock: Path) -> Iterator[Component]:
    """The npm packages that are bundled into the page: those of the lock file that are not for development.

    Raises:
        InputError: The lock file cannot be read.
    """
    for place, package in _read_json(lock, _NpmLock).packages.items():
        if not place or package.dev:
            continue
        scope, _, name = place.rpartition("node_modules/")[2].rpartition("/")
        url = PackageURL("npm", scope or None, name, package.version)
        digest = base64.b64decode(package.integrity.removeprefix("sha512-")).hex()
        yield Component(
            type=ComponentType.LIBRARY,
            group=scope or None,
            name=name,
            version=package.version,
            purl=url,
            bom_ref=url.to_string(),
            hashes=[HashType(alg=HashAlgorithm.SHA_512, content=digest)],
            licenses=_licences(package.license),
        )


def model_part(directory: Path) -> Component:
    """A model bundle: its files, and the published weights that it was made from.

    Raises:
        BundleError: There is no bundle.
    """
    bundle = Bundle(directory).manifest
    label = f"{bundle.name}@{bundle.version}"
    files = [
        Component(type=ComponentType.FILE, name=name, bom_ref=f"{label}/{name}", hashes=[_sha256(file.sha256)])
        for name, file in bundle.files.items()
    ]
    sources = [
        Component(
            type=ComponentType.MACHINE_LEARNING_MODEL,
            name=source.name,
            version=source.version,
            description=source.origin,
            purl=PackageURL("pypi", None, source.name, source.version),
            bom_ref=f"{label}/from/{source.name}",
            hashes=[_sha256(source.sha256)],
            licenses=_licences(source.licence),
        )
        for source in bundle.sources
    ]
    speaker = [bundle.speaker.model] if bundle.speaker else []
    models = [bundle.speech.model, f"{bundle.note.model} with {bundle.note.adapter}", *speaker]
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=bundle.name,
        version=bundle.version,
        description=", ".join(models),
        bom_ref=label,
        components=files,
        pedigree=Pedigree(ancestors=sources),
    )


def _python_part(found: Distribution, name: str, digest: str) -> Component:
    url = PackageURL("pypi", None, name, found.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=found.version,
        purl=url,
        bom_ref=url.to_string(),
        hashes=[_sha256(digest)],
        licenses=_licences(_licence_of(found.metadata)),
    )


def _licence_of(metadata: PackageMetadata) -> str:
    """An SPDX expression where there is one, else what the package calls its licence, else nothing."""
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    approved = [text.removeprefix(_APPROVED) for text in metadata.get_all("Classifier") or () if text.startswith(_APPROVED)]
    if len(approved) == 1 and approved[0] in _SPDX:
        return _SPDX[approved[0]]
    named = next(iter(metadata.get_all("License") or ()), "UNKNOWN")
    is_text = "\n" in named  # of the whole licence
    return " AND ".join(approved) if named == "UNKNOWN" or is_text else named


def _licences(text: str) -> list[License]:
    return [LicenseFactory().make_from_string(text)] if text else []


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _read_json(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", hint="Build the image again.") from error
