"""What was heard in an encounter: turns, gaps, and what is thought of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from appliance.proposals import Proposal
from appliance.store.database import Database
from appliance.store.records import Label
from appliance.transcript import Gap, Turn


class TurnRecords(Database):
    """Turns with their labels, voices and proposals. The text of a stored turn never changes."""

    def add_turn(
        self, encounter: str, turn: Turn, committed: int, *, voice: bytes = b"", proposals: Sequence[Proposal] = ()
    ) -> int | None:
        """Append a final turn with what belongs to it and move `committed`, in one transaction.

        Args:
            encounter: Id of the encounter.
            turn: The turn.
            committed: Sample before which no later turn starts.
            voice: What speech wants to be told of the turn when it goes on after it; JSON, empty for nothing.
            proposals: What else may have been said in it.

        Returns:
            The turn's number, from 0; None if the turn is known because `committed` does not go beyond the stored one.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            if committed <= row["committed"]:
                return None
            (n,) = db.execute("SELECT count(*) FROM turn WHERE number = ?", (row["number"],)).fetchone()
            key = self._key(row)
            sealed = key.seal(f"turn/{n}", msgspec.json.encode(turn)), key.seal(f"voice/{n}", voice) if voice else None
            db.execute("INSERT INTO turn (number, n, turn, voice) VALUES (?, ?, ?, ?)", (row["number"], n, *sealed))
            for proposal in proposals:
                self._put_entry(row, "proposal", proposal)
            self._set(db, row["number"], committed=committed)
            return int(n)

    def add_gap(self, encounter: str, gap: Gap, committed: int) -> bool:
        """Store a stretch of audio that never came, and move `committed`, in one transaction; False if it is known."""
        with self._transaction() as db:
            row = self._row(encounter)
            if committed < row["committed"]:
                return False
            cursor = db.execute("INSERT OR IGNORE INTO gap VALUES (?, ?, ?)", (row["number"], gap.start, gap.end))
            self._set(db, row["number"], committed=committed)
            return cursor.rowcount > 0

    def turns(self, encounter: str, start: int = 0) -> list[Turn]:
        """The turns from number `start`, in order, as they were heard."""
        with self._transaction() as db:
            row = self._row(encounter)
            sealed = db.execute(
                "SELECT n, turn FROM turn WHERE number = ? AND n >= ? ORDER BY n", (row["number"], start)
            ).fetchall()
        key = self._key(row)
        return [msgspec.json.decode(key.open(f"turn/{n}", turn), type=Turn) for n, turn in sealed]

    def gaps(self, encounter: str) -> list[Gap]:
        """The gaps, in order."""
        with self._transaction() as db:
            number = self._row(encounter)["number"]
            rows = db.execute('SELECT "start", "end" FROM gap WHERE number = ? ORDER BY "start"', (number,)).fetchall()
        return [Gap(start, end) for start, end in rows]

    def voices(self, encounter: str) -> list[bytes]:
        """What speech wants to be told of each turn; empty for nothing."""
        with self._transaction() as db:
            row = self._row(encounter)
            sealed = db.execute("SELECT n, voice FROM turn WHERE number = ? ORDER BY n", (row["number"],)).fetchall()
        key = self._key(row)
        return [key.open(f"voice/{n}", voice) if voice else b"" for n, voice in sealed]

    def finish(self, encounter: str, duration: float) -> None:
        """The recording is transcribed to its end: set the state to `writing` and forget the voices, which identify people.

        Args:
            encounter: Id of the encounter.
            duration: Seconds of the whole recording.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            db.execute("UPDATE turn SET voice = NULL WHERE number = ?", (row["number"],))
            self._set(db, row["number"], state="writing", duration=duration)

    def labels(self, encounter: str) -> list[Label]:
        """Who spoke each turn; as it was first heard where nothing was set."""
        with self._transaction() as db:
            row = self._row(encounter)
            sealed = db.execute("SELECT n, turn, label FROM turn WHERE number = ? ORDER BY n", (row["number"],)).fetchall()
        key = self._key(row)
        return [
            msgspec.json.decode(key.open(f"label/{n}", label), type=Label)
            if label
            else Label(msgspec.json.decode(key.open(f"turn/{n}", turn), type=Turn).speaker)
            for n, turn, label in sealed
        ]

    def set_labels(self, encounter: str, labels: Mapping[int, Label]) -> None:
        """Set who spoke some turns, by their numbers; the check of the newest note is forgotten with it."""
        with self._transaction() as db:
            row = self._row(encounter)
            key = self._key(row)
            for n, label in labels.items():
                sealed = key.seal(f"label/{n}", msgspec.json.encode(label))
                db.execute("UPDATE turn SET label = ? WHERE number = ? AND n = ?", (sealed, row["number"], n))
            self._forget_check(row)

    def proposals(self, encounter: str) -> list[Proposal]:
        """What else may have been said, in the order of the turns."""
        return self._entries(encounter, "proposal", Proposal)

    def set_proposal(self, encounter: str, n: int, proposal: Proposal) -> None:
        """Replace proposal `n`; the check of the newest note is forgotten with it."""
        with self._transaction():
            row = self._row(encounter)
            self._put_entry(row, "proposal", proposal, n)
            self._forget_check(row)
