from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio import CHUNK_SAMPLES, Pcm16
from appliance.errors import AudioError, ConflictError, InputError, TooLargeError
from appliance.speech.intake import Hole, Intake

LIMIT = 100 * CHUNK_SAMPLES
RECORDING = np.random.default_rng(1).integers(-999, 999, 7 * CHUNK_SAMPLES + 123).astype(np.int16)
CHUNKS = [RECORDING[at : at + CHUNK_SAMPLES].tobytes() for at in range(0, len(RECORDING), CHUNK_SAMPLES)]


def put_together(pieces: list[Pcm16 | Hole], at: int) -> list[tuple[int, int] | None]:
    """Checks that pieces are the recording from `at` on; gives the holes."""
    holes: list[tuple[int, int] | None] = []
    for piece in pieces:
        if isinstance(piece, Hole):
            assert piece.start == at < piece.end
            holes.append((piece.start, piece.end))
            at = piece.end
        else:
            np.testing.assert_array_equal(piece, RECORDING[at : at + len(piece)])
            at += len(piece)
    assert at == len(RECORDING)
    return holes


@given(
    order=st.lists(st.integers(0, 7), max_size=24),
    first=st.integers(0, len(RECORDING)),
    samples=st.booleans(),
)
def test_any_order_with_repeats_gives_the_recording_and_its_holes(order: list[int], first: int, *, samples: bool) -> None:
    intake = Intake(first, LIMIT)
    pieces: list[Pcm16 | Hole] = [intake.accept(number, CHUNKS[number]) for number in order]
    came = set(order)
    begin = first // CHUNK_SAMPLES
    expected_missing = [n for n in range(begin, max(came, default=0)) if n not in came]
    through = next((n for n in range(begin, 9) if n not in came), 9) - 1
    # Chunks that end at or before the first sample count as there.
    if first < len(RECORDING):
        assert intake.receipt.missing == expected_missing
        assert intake.receipt.received_through == through
    known_end = samples or 7 in came
    pieces += intake.finish(8, len(RECORDING) if samples else None)
    if known_end:
        assert intake.end == len(RECORDING)
        holes = put_together([p for p in pieces if isinstance(p, Hole) or len(p)], first)
        missing = {n for n in range(8) if n not in came and min(len(RECORDING), (n + 1) * CHUNK_SAMPLES) > first}
        assert sum(h[1] - h[0] for h in holes if h) == sum(
            min(len(RECORDING), (n + 1) * CHUNK_SAMPLES) - max(first, n * CHUNK_SAMPLES) for n in missing
        )
    else:
        assert intake.end == 8 * CHUNK_SAMPLES


def test_other_audio_under_the_same_number_is_a_conflict_even_after_it_was_used() -> None:
    intake = Intake(0, LIMIT)
    assert len(intake.accept(0, CHUNKS[0])) == CHUNK_SAMPLES
    assert len(intake.accept(0, CHUNKS[0])) == 0
    with pytest.raises(ConflictError):
        intake.accept(0, CHUNKS[1])


def test_only_the_last_chunk_may_be_short() -> None:
    intake = Intake(0, LIMIT)
    intake.accept(3, CHUNKS[7])
    with pytest.raises(ConflictError):
        intake.accept(4, CHUNKS[0])
    with pytest.raises(ConflictError):
        intake.accept(2, CHUNKS[7])
    with pytest.raises(ConflictError):
        intake.finish(6, None)
    assert intake.receipt.missing == [0, 1, 2]


def test_a_finished_session_takes_nothing_new_but_repeats() -> None:
    intake = Intake(0, LIMIT)
    intake.accept(1, CHUNKS[1])
    assert put_together_holes(intake.finish(2, None)) == [(0, CHUNK_SAMPLES)]
    assert intake.finish(2, None) == []
    assert len(intake.accept(1, CHUNKS[1])) == 0
    with pytest.raises(ConflictError):
        intake.accept(0, CHUNKS[0])
    with pytest.raises(ConflictError):
        intake.finish(3, None)


def put_together_holes(pieces: list[Pcm16 | Hole]) -> list[tuple[int, int]]:
    return [(piece.start, piece.end) for piece in pieces if isinstance(piece, Hole)]


@pytest.mark.parametrize(("chunks", "samples"), [(1, 0), (1, CHUNK_SAMPLES + 1), (2, CHUNK_SAMPLES), (0, 5)])
def test_samples_must_fit_the_chunks(chunks: int, samples: int) -> None:
    with pytest.raises(InputError):
        Intake(0, LIMIT).finish(chunks, samples)


def test_the_end_must_fit_what_came() -> None:
    intake = Intake(0, LIMIT)
    intake.accept(2, CHUNKS[7])
    with pytest.raises(ConflictError):
        intake.finish(2, None)
    with pytest.raises(ConflictError):
        intake.finish(3, 2 * CHUNK_SAMPLES + 124)
    intake.finish(3, 2 * CHUNK_SAMPLES + 123)
    assert intake.end == 2 * CHUNK_SAMPLES + 123


def test_limits() -> None:
    with pytest.raises(TooLargeError):
        Intake(0, LIMIT).accept(100, CHUNKS[0])
    with pytest.raises(TooLargeError):
        Intake(0, LIMIT).finish(102, None)
    with pytest.raises(AudioError):
        Intake(0, LIMIT).accept(0, b"")
    with pytest.raises(AudioError):
        Intake(0, LIMIT).accept(0, b"abc")


def test_an_empty_recording_ends_at_once() -> None:
    intake = Intake(0, LIMIT)
    assert intake.finish(0, None) == []
    assert intake.end == 0
