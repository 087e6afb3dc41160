"""Reads what is checked against the metric table: the table itself, rule files, PromQL, and the dashboard's queries.

Standard library alone. The readers take what our own files use and refuse the rest, so that nothing goes unchecked.
"""

import json
import re
from dataclasses import dataclass, field

# What Prometheus adds to every series: where it was scraped.
TARGET_LABELS = {"job", "instance"}
HISTOGRAM_SUFFIXES = {"_bucket": {"le"}, "_sum": set(), "_count": set()}
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
KEYWORDS = GROUPING | {"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"}
OF_COUNTERS = {"rate", "irate", "increase", "resets"}
FUNCTION_OR_AGGREGATION = {
    "absent", "avg", "avg_over_time", "changes", "clamp_max", "clamp_min", "count", "delta", "deriv", "histogram_quantile",
    "label_values", "max", "max_over_time", "min", "min_over_time", "predict_linear", "sum", "time", "topk", "vector",
} | OF_COUNTERS


class Malformed(ValueError):
    """What was read is not in the form that our own files have."""


@dataclass
class Metric:
    kind: str  # counter, gauge, histogram; recorded for what a recording rule makes
    labels: dict = field(default_factory=dict)  # name: set of values; None where the set is open


def read_table(markdown):
    """The rows of docs/metrics.md: {name: Metric}, histograms as the series that they are scraped as."""
    metrics = {}
    for line in markdown.splitlines():
        match = re.match(r"\| `(\w+)` \| (counter|gauge|histogram) \| (.*?) \| .* \|$", line)
        if not match:
            if line.startswith("| `"):
                raise Malformed(f"not a row of the metric table: {line}")
            continue
        name, kind, cell = match.groups()
        labels = {}
        for text in filter(None, cell.split("; `")):
            label, values = re.fullmatch(r"`?(\w+)`: (.*)", text).groups()
            closed = re.fullmatch(r"\w+(, \w+)*", values)
            # Prometheus renames a label that it sets itself.
            label = f"exported_{label}" if label in TARGET_LABELS else label
            labels[label] = set(values.split(", ")) if closed else None
        if kind == "histogram":
            for suffix, more in HISTOGRAM_SUFFIXES.items():
                metrics[name + suffix] = Metric(kind, {**labels, **dict.fromkeys(more)})
        else:
            metrics[name] = Metric(kind, labels)
    if not metrics:
        raise Malformed("no metric in the table")
    return metrics


def read_yaml(text):
    """The part of YAML that our files are written in: mappings, lists, plain or quoted scalars, `|` blocks, {a: b}."""
    lines = [(len(line) - len(line.lstrip()), line.strip(), number)
             for number, line in enumerate(text.splitlines(), 1)
             if line.strip() and not line.lstrip().startswith("#")]
    value, rest = _read_node(lines, 0)
    if rest != len(lines):
        raise Malformed(f"line {lines[rest][2]}: not indented like its neighbours")
    return value


def _scalar(text, number):
    text = re.sub(r"""(["'\]}]|^[^"'\[{]+?)\s+#.*$""", r"\1", text)  # a comment behind it
    if text.startswith('"'):
        return json.loads(text)
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text.startswith("{") or text.startswith("["):
        inner = text[1:-1].strip()
        parts = [part.strip() for part in inner.split(",")] if inner else []
        if text.startswith("["):
            return [_scalar(part, number) for part in parts]
        return {key: _scalar(value, number) for key, value in (part.split(": ", 1) for part in parts)}
    if ": " in text or text.endswith(":") or text[:1] in "&*!>%@`|":
        raise Malformed(f"line {number}: quote this scalar: {text}")
    return text


def _read_node(lines, at):
    indent, text, _ = lines[at]
    is_list = text.startswith("- ")
    result = [] if is_list else {}
    while at < len(lines) and lines[at][0] == indent and lines[at][1].startswith("- ") == is_list:
        _, text, number = lines[at]
        if is_list:
            inner = text[2:].lstrip()
            if re.match(r"[\w-]+:( |$)", inner):  # a mapping whose first key stands behind the dash
                lines[at] = (indent + len(text) - len(inner), inner, number)
                value, at = _read_node(lines, at)
            else:
                value, at = _scalar(inner, number), at + 1
            result.append(value)
            continue
        match = re.fullmatch(r"([\w-]+):(?: (.*))?", text)
        if not match or match.group(1) in result:
            raise Malformed(f"line {number}: expected a new `key: value`: {text}")
        key, inline = match.groups()
        at += 1
        if inline == "|":
            block = []
            while at < len(lines) and lines[at][0] > indent:
                block.append(lines[at][1])
                at += 1
            result[key] = "\n".join(block)
        elif inline:
            result[key] = _scalar(inline, number)
        else:
            deeper = at < len(lines) and (lines[at][0] > indent or lines[at][1].startswith("- "))
            result[key], at = _read_node(lines, at) if deeper else (None, at)
    return result, at


TOKEN = re.compile(r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<range>\[[^\]]*\])
                       |(?P<number>(?:\d+(?:\.\d+)?(?:e\d+)?(?:ms|[smhdwy])?)+)|(?P<name>[a-zA-Z_:][\w:]*)
                       |(?P<mark>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},]))""", re.VERBOSE)


def tokens_of(query):
    at, found = 0, []
    while query[at:].strip():
        match = TOKEN.match(query, at)
        if not match:
            raise Malformed(f"cannot read the query at: {query[at:at + 30]}")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


def unquoted(text):
    return re.sub(r"\\(.)", r"\1", text[1:-1])


@dataclass
class Query:
    selectors: list = field(default_factory=list)  # (metric, [(label, operator, value)], function around it or "")
    groupings: list = field(default_factory=list)  # (keyword, {labels})

    @staticmethod
    def parse(text):
        query, tokens, at = Query(), tokens_of(text), 0
        while at < len(tokens):
            kind, word = tokens[at]
            following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
            if kind != "name":
                if word == "{":
                    raise Malformed(f"a selector without a metric's name: {text}")
                at += 1
            elif word in GROUPING:
                end = at + 1
                if following == "(":
                    end = next(i for i in range(at, len(tokens)) if tokens[i][1] == ")")
                    query.groupings.append((word, {t for k, t in tokens[at + 2:end] if k == "name"}))
                at = end + (following == "(")
            elif word in KEYWORDS:
                at += 1
            elif following == "(" or (following in GROUPING and word in FUNCTION_OR_AGGREGATION):
                if word not in FUNCTION_OR_AGGREGATION:
                    raise Malformed(f"no function that is used elsewhere: {word}")
                at += 1
            else:
                around = tokens[at - 2][1] if at > 1 and tokens[at - 1][1] == "(" else ""
                matchers, at = _matchers(tokens, at + 1)
                query.selectors.append((word, matchers, around))
        return query


def _matchers(tokens, at):
    found = []
    if at < len(tokens) and tokens[at][1] == "{":
        at += 1
        while tokens[at][1] != "}":
            (_, label), (_, operator), (kind, value) = tokens[at:at + 3]
            if operator not in ("=", "!=", "=~", "!~") or kind != "string":
                raise Malformed(f"not a label matcher: {label}{operator}{value}")
            found.append((label, operator, unquoted(value)))
            at += 4 if tokens[at + 3][1] == "," else 3
        at += 1
    return found, at


def problems_of(text, metrics, engine_counters=frozenset()):
    """What in the query is not in the table, as sentences. `engine_counters`: the values of the label `counter`."""
    query, known = Query.parse(text), set(TARGET_LABELS)
    for name, matchers, around in query.selectors:
        if name == "up":
            metric = Metric("gauge")
        elif name in metrics:
            metric = metrics[name]
        else:
            yield f"no metric {name}"
            continue
        known |= set(metric.labels)
        # The engine's own counters travel in one family of gauges.
        if around in OF_COUNTERS and metric.kind == "gauge" and name != "testselect_store_engine":
            yield f"{around}() of the gauge {name}"
        for label, operator, value in matchers:
            if label not in metric.labels and label not in TARGET_LABELS:
                yield f"{name} has no label {label}"
                continue
            values = engine_counters if label == "counter" else metric.labels.get(label)
            wanted = value.split("|") if operator in ("=~", "!~") else [value]
            if values is not None and not value.startswith("$"):
                yield from (f"{name}: {label} is never {one}" for one in wanted if one not in values)
    for keyword, labels in query.groupings:
        yield from (f"{keyword} ({label}): no metric of the query has it" for label in sorted(labels - known))


def labels_after(text, metrics):
    """The labels, with their values, that the result of a query can have."""
    query, labels = Query.parse(text), {}
    for name, matchers, _ in query.selectors:
        metric = metrics.get(name, Metric("gauge"))
        labels.update(metric.labels)
        for label, operator, value in matchers:
            if operator == "=~":
                labels[label] = set(value.split("|"))
    kept = [group for keyword, group in query.groupings if keyword == "by"]
    if kept:
        return {label: values for label, values in labels.items() if any(label in group for group in kept)}
    gone = [group for keyword, group in query.groupings if keyword == "without"]
    without = set.intersection(*gone) if gone else set()
    return {label: values for label, values in labels.items() if label not in without | {"le"}}
