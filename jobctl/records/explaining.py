"""What a plan says of itself: as a document for programs, as sentences for people."""

from __future__ import annotations

from jobctl.records.planning import Plan, Sized, Way


def document(plan: Plan) -> dict[str, object]:
    """Return a plan as plain values, every key there.

    Keys: way (walk, drive or nothing), leads (what is gone through: name and ids), tests (the
    other indexes), sample, page (ids of a walk's first page), budget (ids after which a walk
    gives up), order, reverse, most (records wanted, from the first on), states (what the record's
    own state must be one of), loaded (what is tested on the record).
    """
    leads, tests = _leading(plan)
    walk = plan.way is Way.WALK
    sample, states = plan.sample, plan.sorted.states
    return {
        "way": plan.way.value,
        "leads": leads,
        "tests": [{"index": str(each.clause), "ids": each.size} for each in tests],
        "sample": None if sample is None else {"tried": sample.tried, "hits": sample.hits},
        "page": plan.chunk if walk else None,
        "budget": plan.budget if walk else None,
        "order": plan.order.field if plan.order is not None else plan.field,
        "reverse": plan.reverse,
        "most": plan.most,
        "states": None if states is None else sorted(state.value for state in states),
        "loaded": [str(test) for test in plan.sorted.rest],
    }


def told(plan: Plan) -> dict[str, object]:
    """Return a plan as people read it."""
    if plan.way is Way.NOTHING:
        return {"finds": "nothing: an index that leads there is empty, or nothing can match"}
    leads, tests = _leading(plan)
    state = plan.sorted.states
    return {
        "goes through": f"{leads['index']}: {leads['ids']:,} ids" if leads else _EVERYTHING,
        "because": _reason(plan),
        "tests each in": "\n".join(f"{each.clause}: {each.size:,} ids" for each in tests),
        "sorts": _sorting(plan),
        "stops": _stopping(plan),
        "record's own state": " or ".join(sorted(state)) if state else None,
        "tests on records": "\n".join(map(str, plan.sorted.rest)),
    }


_EVERYTHING = "every id that is in a state or was recorded"


def _leading(plan: Plan) -> tuple[dict[str, object] | None, list[Sized]]:
    """Return what is gone through, and what each id is tested in."""
    if plan.way is Way.WALK and plan.order is not None:
        tests = [each for each in plan.clauses if each.clause != plan.order]
        return {"index": str(plan.order), "ids": plan.length}, tests
    if not plan.clauses or plan.way is Way.NOTHING:
        return None, list(plan.clauses)
    first, *tests = plan.clauses
    return {"index": str(first.clause), "ids": first.size}, tests


def _reason(plan: Plan) -> str | None:
    sample = plan.sample
    if sample is not None:
        first = plan.clauses[0].clause
        return f"{sample.hits:,} of the first {sample.tried:,} ids of {first} meet all of it"
    if plan.way is Way.WALK:
        return "it is in order" if plan.clauses else "nothing else is asked for"
    return "it is the smallest" if len(plan.clauses) > 1 else None


def _sorting(plan: Plan) -> str:
    name = plan.field if plan.order is None else plan.order.field
    if plan.way is Way.WALK:
        return f"no: {name} is in order, the {'last' if plan.reverse else 'first'} of it first"
    back = ", backwards" if plan.reverse else ""
    if plan.order is None and plan.field != "id":
        return f"by {name} of the records, which are loaded for it{back}"
    return f"by {name}{back}, without loading records"


def _stopping(plan: Plan) -> str | None:
    if plan.most is None or plan.way is not Way.WALK:
        return None if plan.most is None else f"loads no more than the {plan.most:,} wanted"
    late = "" if plan.budget is None else f"; after {plan.budget:,} ids it goes the other way"
    return f"at {plan.most:,} records{late}"
