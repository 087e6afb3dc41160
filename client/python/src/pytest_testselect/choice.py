"""What a selection says of the collected tests, whoever made it.

PYTEST_DONT_REWRITE
"""
import dataclasses


@dataclasses.dataclass
class Choice:
    """A test that is in neither `order` nor `skip` is unknown, and runs. Plain values: it travels to workers."""

    source: str                                    # who chose: "testselect", "file hashes", "whole suite"
    order: list = dataclasses.field(default_factory=list)      # labels to run, most urgent first
    skip: set = dataclasses.field(default_factory=set)
    failed: set = dataclasses.field(default_factory=set)       # of `order`: failed last time
    why: dict = dataclasses.field(default_factory=dict)        # label -> why it runs
    because: str = ""                              # of the whole choice
    seconds: dict = dataclasses.field(default_factory=dict)    # label -> how long it took
    log: list = dataclasses.field(default_factory=list)        # what was tried before

    def plain(self):
        return {**dataclasses.asdict(self), "skip": sorted(self.skip), "failed": sorted(self.failed)}

    @staticmethod
    def of(plain):
        return Choice(**{**plain, "skip": set(plain["skip"]), "failed": set(plain["failed"])})

    def arrange(self, items, always):
        """(items to run in order, items that need not run). `always` tells items that run whatever changed."""
        place = {label: n for n, label in enumerate(self.order)}
        run = [item for item in items if item.nodeid not in self.skip or always(item)]
        rest = [item for item in items if item.nodeid in self.skip and not always(item)]

        def urgency(item):
            label = item.nodeid
            if label in self.failed:
                return 0, place.get(label, 0), 0.0
            # What is new has no duration; among the others the selection's own order holds.
            return (1, -1, 0.0) if label not in place and label not in self.skip else (1, place.get(label, len(place)), 0.0)

        run.sort(key=urgency)
        rest.sort(key=lambda item: self.seconds.get(item.nodeid, float("inf")))
        return run, rest

    def reason(self, item, always):
        if item.nodeid in self.why:
            return self.why[item.nodeid]
        if item.nodeid in self.failed:
            return "it failed last time"
        if item.nodeid in self.order:
            return self.because
        return "it is marked to run always" if always(item) and item.nodeid in self.skip else "nothing is known of it yet"
