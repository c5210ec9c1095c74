"""The seeded bugs themselves. A snippet that is no longer in our code fails the test: mend it here too."""

from tests.world.bugs import Bug, Edit

APPLY, LEDGER, GATE, LOOK = ("reconciler.apply", "reconciler.ledger", "reconciler.gate", "reconciler.look")
PUBLISH, RELEASE = "reconciler.executors.publish", "reconciler.pillars.release"
DOCS, PYPI = "reconciler.pillars.docs", "reconciler.sources.pypi"
PLAN, SAVED, GIT = "reconciler.model.plan", "reconciler.model.saved", "reconciler.outside.git"
DEEDS = "tests/laws/test_laws_of_deeds.py"
PLANS = "tests/laws/test_laws_of_plans.py"

BUGS: tuple[Bug, ...] = (
    Bug(
        "skip the intent: act before anything is committed",
        "crash lax",
        [
            Edit(
                APPLY,
                "swarm.write(replace(start, events=[*self.parts.drain(), *woken, *start.events]))",
                "pass",
            )
        ],
    ),
    Bug(
        "commit the intent's event, but not its row",
        "crash lax",
        [
            Edit(
                APPLY,
                "swarm.write(replace(start, events=[*self.parts.drain(), *woken, *start.events]))",
                "swarm.write(replace(start, entries=[]))",
            )
        ],
    ),
    Bug(
        "commit the end before the effect",
        "crash new_docs",
        [
            Edit(
                APPLY,
                "watched = Watched(deed)",
                "watched = Watched(deed); self.close(entry, Outcome(Result.DONE, 'done'))",
            ),
            Edit(
                APPLY,
                "        self.close(entry, outcome)\n        self.parts.say(",
                "        self.parts.say(",
            ),
        ],
    ),
    Bug(
        "do not close what an interrupted run left open",
        "crash new_docs",
        [Edit(APPLY, "self.close(entry, _came_of(entry, plans.get(entry.product)))", "pass")],
    ),
    Bug(
        "do a deed again as soon as it is found interrupted: no settle window",
        "crash lax",
        [
            Edit(LEDGER, "if attempt.at < settled:", "if attempt.at < settled and False:"),
            Edit(
                LEDGER,
                "return entry.acting_at + timedelta(seconds=settle_s)",
                "return entry.acting_at + timedelta(seconds=0 * settle_s)",
            ),
        ],
    ),
    Bug(
        "count the settle window from the start of the dead run",
        "orphan lax",
        [Edit(LEDGER, "phase=Phase.DOUBT, acting_at=now)", "phase=Phase.DOUBT)")],
    ),
    Bug(
        "forget the deed lock: do not ask whether an orphan is still at work",
        "orphan lax",
        [Edit(APPLY, "and not self.parts.deeds.busy(one.key)]", "]")],
    ),
    Bug(
        "believe absence right after a try that timed out",
        "fault lax",
        [Edit(LEDGER, "acting_at=now if outcome.touched else UNTOUCHED", "acting_at=UNTOUCHED")],
    ),
    Bug(
        "publish without asking whether the lease is still ours",
        "fault lax",
        [Edit(PUBLISH, "        deed.guard()\n", "")],
    ),
    Bug(
        "ignore the fence",
        "test tests/swarm/test_lease.py -k fence_moves",
        [
            Edit(
                "reconciler.swarm.sqlite",
                "if self._lease and fence != self.fence:",
                "if self._lease and fence < 0:",
            )
        ],
    ),
    Bug(
        "trust the tag instead of the registry",
        f"test {DEEDS} -k lost_a_file",
        [Edit(RELEASE, "    if not missing:\n", "    if not missing or tag:\n")],
    ),
    Bug(
        "take a half-published release for whole",
        f"test {DEEDS} -k lost_a_file",
        [Edit(RELEASE, "    if not missing:\n", "    if not missing or files:\n")],
    ),
    Bug(
        "do not compare what was fetched back",
        f"test {DEEDS} -k other_bytes",
        [Edit(PUBLISH, "if served != built:", "if not served:")],
    ),
    Bug(
        "take unknown for absent in the source",
        f"test {PLANS} -k unknown_holds",
        [
            Edit(
                PYPI,
                "yield Observation(product, self.name, unknown=blind[0])",
                "yield Observation(product, self.name)",
            )
        ],
    ),
    Bug(
        "take unknown for absent in the pillar",
        f"test {PLANS} -k unknown_holds",
        [Edit(RELEASE, 'observed.blind("github", REGISTRY)', "observed.blind()")],
    ),
    Bug(
        "let one product's failure end the pass",
        f"test {PLANS} -k breaks_only_itself",
        [
            Edit(
                LOOK,
                "except Exception as error:  # noqa: BLE001 -- a product can only break itself",
                "except ValueError as error:",
            )
        ],
    ),
    Bug(
        "drop the sort of products",
        f"test {PLANS} -k order",
        [
            Edit(
                GATE,
                "        for one, actions in sorted(judged, key=lambda pair: pair[0].product.name)\n    )",
                "        for one, actions in judged\n    )",
            )
        ],
    ),
    Bug(
        "drop the sort of actions",
        f"test {PLANS} -k sorted",
        [
            Edit(
                PLAN,
                "tuple(sorted(by_id.values(), key=lambda action: (action.kind, action.id)))",
                "tuple(reversed(by_id.values()))",
            )
        ],
    ),
    Bug(
        "act on suspended products",
        f"test {DEEDS} -k hands_off",
        [
            Edit(GATE, "() if one.product.suspend else actions", "actions"),
            Edit(GATE, '    if product.suspend:\n        return "suspended"\n', ""),
        ],
    ),
    Bug(
        "ignore the policy",
        f"test {DEEDS} -k hands_off",
        [Edit(GATE, "if action.pillar in product.allow:", "if action.pillar:")],
    ),
    Bug(
        "overwrite other people's docs branch",
        f"test {DEEDS} -k hands_off",
        [Edit(DOCS, "if record is not None and (why := _not_ours(spec, record)):", "if (why := ''):")],
    ),
    Bug(
        "force the push: a branch that moved is overwritten",
        "test tests/git/test_git_door.py -k moves_at_the_last_moment",
        [Edit(GIT, '''lease = f"--force-with-lease={branch}:{tip.parent or ''}"''', 'lease = "--force"')],
    ),
    Bug(
        "brake one product too early",
        f"test {DEEDS} -k brake",
        [Edit(GATE, "moved > brake.share * population", "moved >= brake.share * population")],
    ),
    Bug(
        "brake only above ten products, not from ten up",
        f"test {DEEDS} -k brake",
        [Edit(GATE, "population >= brake.from_products", "population > brake.from_products")],
    ),
    Bug(
        "build docs whenever the branch moves",
        f"test {DEEDS} -k changes_no_input",
        [Edit(DOCS, "record.inputs != inputs.digest:", "record.source_commit != head.commit:")],
    ),
    Bug(
        "write the cache while only looking",
        f"test {PLANS} -k changes_nothing",
        [
            Edit(
                LOOK,
                "        entries = self.parts.swarm.entries()\n",
                "        entries = self.parts.swarm.entries()\n"
                "        from reconciler.ports import Batch\n"
                "        self.parts.swarm.write(Batch(cache=self.parts.news()))\n",
            )
        ],
    ),
    Bug(
        "apply a stale plan",
        f"test {DEEDS} -k stale_plan",
        [Edit(SAVED, "        stale = self.refused(plan)\n", "        stale: dict[str, str] = {}\n")],
    ),
)
