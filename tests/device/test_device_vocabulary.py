from __future__ import annotations

import random

import pytest
from faster_whisper.tokenizer import Tokenizer
from tokenizers import Tokenizer as TokenizerFile

from appliance.device.vocabulary import Vocabulary
from appliance.errors import BundleError
from appliance.runtime.bundle import Bundle

TEXTS = [
    ' It is 14.2, isn\'t it? "Quite" so: (half) of 50%.',
    " Müller's café, naïve 25 µg",
    " 甲状腺 🙂 ok",
]


@pytest.fixture(scope="module")
def vocabulary(default_bundle: Bundle) -> Vocabulary:
    return Vocabulary((default_bundle.speech_directory / "vocabulary.txt").read_text("utf-8"))


@pytest.fixture(scope="module")
def published(default_bundle: Bundle) -> Tokenizer:
    return Tokenizer(TokenizerFile.from_file(str(default_bundle.speech_directory / "tokenizer.json")), multilingual=False)


def test_control_tokens_are_found(vocabulary: Vocabulary, published: Tokenizer) -> None:
    found = (vocabulary.start, vocabulary.end, vocabulary.no_timestamps, vocabulary.timestamps)
    assert found == (published.sot, published.eot, published.no_timestamps, published.timestamp_begin)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_in_the_same_words(vocabulary: Vocabulary, published: Tokenizer, text: str) -> None:
    tokens = published.encode(text)
    assert vocabulary.text([vocabulary.start, *tokens, vocabulary.end, vocabulary.timestamps]) == text
    words, word_tokens = published.split_to_word_tokens(tokens)
    found = vocabulary.words(tokens)
    assert [word.text for word in found] == words
    assert [list(word.tokens) for word in found] == word_tokens


def test_any_tokens_make_the_same_words(vocabulary: Vocabulary, published: Tokenizer) -> None:
    numbers = random.Random(5)
    for _ in range(200):
        tokens = [numbers.randrange(vocabulary.end) for _ in range(numbers.randrange(12))]
        words, word_tokens = published.split_to_word_tokens(tokens)
        assert [(word.text, list(word.tokens)) for word in vocabulary.words(tokens)] == list(
            zip(words, word_tokens, strict=True)
        )


def test_another_list_is_refused() -> None:
    with pytest.raises(BundleError, match="has no token"):
        Vocabulary("one\ntwo\n")
