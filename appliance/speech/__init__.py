"""The speech service: audio in, turns out (voice detection, Whisper, the guard against invented text)."""
