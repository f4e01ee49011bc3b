"""Both verifiers of draw records, over as many forgeries as take minutes."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.domain.draws.test_record_fuzz import honest, judge_changes
from tests.domain.draws.test_record_originals import CODES, judge_chains

MUTATIONS = int(os.environ.get("PBT_FUZZ_MUTATIONS", "100000"))
CHAINS = int(os.environ.get("PBT_FUZZ_CHAINS", "10000"))
"""Changed chains; 100,000 were judged once and take forty minutes."""
DRAWS = 700
"""Many, so that few changes are made twice."""


def test_a_hundred_thousand_different_changes_are_detected_or_named_as_a_threat(tmp_path: Path) -> None:
    seen = judge_changes([honest(random.Random(number)) for number in range(DRAWS)], MUTATIONS, tmp_path)
    assert sum(seen.values()) == MUTATIONS
    assert seen["error"] > MUTATIONS * 0.6
    assert {"error", "receipt", "warning", "", "unreadable"} <= set(seen)


def test_both_agree_on_thousands_of_changed_chains(tmp_path: Path) -> None:
    seen = judge_chains(chains=DRAWS, changes=max(CHAINS, DRAWS), folder=tmp_path)
    assert set(seen) >= {"holds", *CODES}
