"""The pool's rulebook as the office reads it (规则一览): each rule with its value and where that comes from."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import NotFound
from domain.rulebook.reading import ReadableRule, RuleGroup, read_rules
from web.core.pages import Visit, page
from web.office.base import OfficePart

_ORIGINS: Mapping[str, str] = {"": "全部", "source": "有依据的", "decision": "需省级确认的", "office": "办公室发布的"}


class RulePages(OfficePart):
    code = "rules"
    action = "rule.read"

    @page("/office/rules", "office/rules.html")
    async def rules(self, visit: Visit) -> Mapping[str, object]:
        """The sections, or the rules of all sections that hold a word."""
        groups, word = read_rules(self.book(visit.actor)), visit.query("q")
        matches = [RuleGroup(group.code, group.name, _holding(group, word)) for group in groups] if word else []
        return {"groups": groups, "word": word, "matches": [group for group in matches if group.rules]}

    @page("/office/rules/{section}", "office/rule_group.html")
    async def group(self, visit: Visit) -> Mapping[str, object]:
        section = visit.request.match_info["section"]
        group = next((group for group in read_rules(self.book(visit.actor)) if group.code == section), None)
        if group is None:
            raise NotFound("本专家库没有这组规则，请返回列表。", code="section_unknown")
        origin = visit.query("origin")
        rules = [rule for rule in group.rules if origin in ("", rule.origin)]
        return {"group": group, "rules": rules, "origins": list(_ORIGINS.items()), "origin": origin}


def _holding(group: RuleGroup, word: str) -> tuple[ReadableRule, ...]:
    """The rules whose name, value or source holds the word, or all of a section of that name."""
    if word in group.name:
        return group.rules
    return tuple(rule for rule in group.rules if word in f"{rule.name}\n{rule.value}\n{rule.source}")
