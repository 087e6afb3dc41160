"""Source files of the made-up project: functions whose lines belong to branches."""

# What a line is, beside the number (0 and up) of the branch of its function that executes it.
IMPORT_TIME = -2
NOT_CODE = -1
MAX_BRANCHES = 15

NOUNS = (
    "account address archive asset balance basket binding bonus border bridge broker bundle calendar carrier catalogue "
    "charge checkpoint circle citizen claim cluster coin colour command contract country coupon courier credit crew "
    "currency customer dashboard deadline debit delivery deposit desk dialect discount district dock document domain "
    "draft driver duty edition employee envelope episode estimate excerpt export facet factory fare fleet folder forecast "
    "forum fragment freight gallery garage glossary grade guest harbour holiday horizon hotel icon incident inquiry "
    "interval inventory invoice island journal journey keyword landing lane language launch lease ledger lesson letter "
    "licence locale locker lottery luggage magazine mailbox manifest margin market medal meeting member menu merchant "
    "meter mission mixture mosaic museum network newsletter nickname nomination notice offer office outlet pallet "
    "panel parade parcel partner passenger passport pattern penalty pension permit phrase pilot pledge podium portal "
    "postcard premium prize profile promise province puzzle quarter quote railway rating rebate receipt recipe refund "
    "region reminder rental reply reserve reward ribbon roster route safety salary sample savings scale season seat "
    "sector semester shelf shipment shuttle signature sketch slogan souvenir speech stadium statement station storage "
    "street subsidy suitcase summary supplier survey tariff task teacher theme ticket timetable toll tour tower trade "
    "traffic tram transfer trip tunnel unit vacancy valley vehicle venue village visit voucher waiver wallet warehouse "
    "warranty weather widget workshop yard zone"
).split()
ACTIONS = (
    "accept adjust announce approve archive arrange assign balance cancel check claim collect combine compare compute "
    "confirm convert count decline deliver describe enrol estimate expire extend fetch forward gather grant hold inspect "
    "issue join label list locate lookup mark match measure merge move notify order pack pair pause pick plan post "
    "prepare print publish quote rank read record redeem refuse release remove renew repeat replace report reserve "
    "restore resume review revise round schedule seal search select settle share show sign sort split start stop store "
    "submit sum swap tag track transfer trim update verify weigh withdraw"
).split()


class Part:
    """A run of lines: a module's head, a class line, or one function (then `function` is its number)."""

    __slots__ = ("function", "text", "owner")

    def __init__(self, function, text, owner):
        self.function = function  # None outside functions
        self.text = text
        self.owner = owner  # per line: a branch, IMPORT_TIME or NOT_CODE

    def copy(self):
        return Part(self.function, list(self.text), list(self.owner))


class SourceFile:
    __slots__ = ("path", "parts")

    def __init__(self, path, parts):
        self.path = path
        self.parts = parts

    def content(self):
        return "".join(line + "\n" for part in self.parts for line in part.text).encode()

    def line_count(self):
        return sum(len(part.text) for part in self.parts)

    def functions(self):
        return [part.function for part in self.parts if part.function is not None]


class Project:
    """All files, and per function (by number) its file and how many branches it has."""

    def __init__(self, rng):
        self.random = rng.random
        self.files = []
        self.branch_count = []
        self.file_of = []

    def pick(self, items):
        return items[int(len(items) * self.random())]

    def number(self, below):
        return int(below * self.random())

    def function(self, file_no, name, inside_class, length):
        """A new function of about `length` lines, numbered; not yet part of a file."""
        indent = "    " if inside_class else ""
        text = [f"{indent}def {name}({'self, ' if inside_class else ''}value, weight=1):"]
        owner = [IMPORT_TIME]
        body = indent + "    "
        if self.random() < 0.4:
            text.append(f'{body}"""{name.replace("_", " ").capitalize()} by weight."""')
            owner.append(NOT_CODE)
        text.append(f"{body}total = value + {self.number(10_000)}")
        owner.append(0)
        branches = 1
        while len(text) < length - 1:
            kind = self.random()
            if kind < 0.22 and branches < MAX_BRANCHES:
                opening = (f"if total > {self.number(100)}:" if kind < 0.15
                           else f"for step in range(weight % {2 + self.number(7)}):")
                text.append(body + opening)
                owner.append(0)
                for _ in range(1 + int(6 * self.random() * self.random())):
                    text.append(f"{body}    total = total * {self.number(100)} - {self.number(1_000)}")
                    owner.append(branches)
                branches += 1
            elif kind < 0.3:
                text.append(f"{body}# case {self.number(1_000)} of the handbook")
                owner.append(NOT_CODE)
            else:
                text.append(f"{body}total = {self.pick(ACTIONS)}_amount(total, {self.number(10_000)})")
                owner.append(0)
        text += [f"{body}return total", ""]
        owner += [0, NOT_CODE]
        self.branch_count.append(branches)
        self.file_of.append(file_no)
        return Part(len(self.file_of) - 1, text, owner)

    def module(self, file_no, path, length):
        """The parts of a source file of about `length` lines."""
        text = [f'"""{path}"""', "import functools", "import os", f"from shop.base import {NOUNS[file_no % len(NOUNS)]}"]
        text += [f"DEFAULT_{i} = {self.number(1_000)}" for i in range(1 + self.number(6))] + [""]
        parts = [Part(None, text, [NOT_CODE] + [IMPORT_TIME] * (len(text) - 2) + [NOT_CODE])]
        total, inside_class, taken = len(text), False, set()
        while total < length or parts[-1].function is None:
            if total < length and self.random() < 0.12:
                inside_class = not inside_class or self.random() < 0.6
                if inside_class:
                    parts.append(Part(None, [f"class {self.pick(NOUNS).capitalize()}{len(parts)}:"], [IMPORT_TIME]))
                    total += 1
            name = f"{self.pick(ACTIONS)}_{self.pick(NOUNS)}"
            if name in taken:
                name += f"_{len(parts)}"
            taken.add(name)
            parts.append(self.function(file_no, name, inside_class, 5 + int(28 * self.random() * self.random())))
            total += len(parts[-1].text)
        return parts

    def add_sources(self, count, mean_length):
        """Files in packages of a dozen; lengths between a quarter and two and a half times the mean."""
        for number in range(count):
            package = number // 12
            folder = f"src/{NOUNS[package % len(NOUNS)]}{package}/{NOUNS[(package * 11 + 3) % len(NOUNS)]}"
            path = f"{folder}/{NOUNS[(number * 17) % len(NOUNS)]}_{number}.py"
            spread = self.random()
            length = max(20, int(mean_length * (0.25 + 1.5 * spread * (0.5 + self.random()))))
            self.files.append(SourceFile(path, self.module(number, path, length)))

    def layout(self):
        """Where everything is now: {function: (file, first line, owners)} and per file its import-time lines."""
        place, import_lines = {}, []
        for file_no, file in enumerate(self.files):
            line, at_import = 1, []
            for part in file.parts:
                if part.function is not None:
                    place[part.function] = (file_no, line, part.owner)
                at_import += [line + i for i, owner in enumerate(part.owner) if owner == IMPORT_TIME]
                line += len(part.text)
            import_lines.append(at_import)
        return place, import_lines
