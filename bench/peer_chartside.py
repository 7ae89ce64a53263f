"""Our note loop as a peer: reads one JSON request per line, answers with one JSON line.

python bench/peer_chartside.py DIRECTORY THREADS
request {"prompt": [token ids], "tokens": n}  ->  {"prefill_seconds", "decode_seconds", "tokens"}
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from appliance.note.decoding import Meter, Row, write_rows
from appliance.note.model import LanguageModel


def main() -> None:
    """Answer requests until the input ends."""
    model = LanguageModel.load(Path(sys.argv[1]), threads=int(sys.argv[2]), context=4096)
    empty = model.empty_cache(1)
    print(json.dumps({"ready": True, "pid": os.getpid()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        meter = Meter()
        row = Row(request["prompt"], request["tokens"], frozenset())
        for _ in write_rows(model, empty, [row], meter):
            pass
        answer = {
            "prefill_seconds": meter.prefill_seconds,
            "decode_seconds": meter.decode_seconds,
            "tokens": len(row.written),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
