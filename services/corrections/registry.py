"""Use cases of corrections, as other packages and edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

from services.corrections.accounts import AccountCorrections
from services.corrections.fields import FieldCorrections
from services.corrections.files import FileCorrections
from services.corrections.identities import IdentityCorrections
from services.corrections.ledger import CorrectionEvidence
from services.corrections.merges import MergeCorrections
from services.corrections.mobiles import MobileCorrections
from services.corrections.people import People
from services.corrections.second_looks import SecondLooks


@dataclass(frozen=True)
class CorrectionServices:
    people: People
    evidence: CorrectionEvidence
    mobiles: MobileCorrections
    accounts: AccountCorrections
    fields: FieldCorrections
    files: FileCorrections
    identities: IdentityCorrections
    merges: MergeCorrections
    second_looks: SecondLooks
