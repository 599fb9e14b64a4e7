"""observe.py DIRECTORY - reads snapshot.json with a real parser and snapshot.prom by the letter of the text exposition format 0.0.4,
and compares the two figure by figure."""
import json
import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
PLURALS = {"topic": "topics", "lane": "lanes", "reader": "readers", "pool": "pools", "actor": "actors"}


def fail(text):
    print("observe: " + text)
    sys.exit(1)


def unescape(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), text)


def sample(line):
    """name, {label: value}, number of one sample line"""
    name = NAME.match(line)
    if not name:
        fail("no metric name: " + repr(line))
    at, labels = name.end(), {}
    if line[at : at + 1] == "{":
        at += 1
        while line[at] != "}":
            label = LABEL.match(line, at)
            if not label or label.group(1) in labels:
                fail("bad label at %d: %r" % (at, line))
            labels[label.group(1)] = unescape(label.group(2))
            at = label.end()
            if line[at] == ",":
                at += 1
            elif line[at] != "}":
                fail("labels are not separated: " + repr(line))
        at += 1
    if not re.fullmatch(r" [0-9]+", line[at:]):
        fail("no value: " + repr(line))
    return name.group(0), labels, int(line[at:])


def read_prometheus(path):
    """{metric: [(labels, value)]}: HELP and TYPE once each, before the samples, which are together"""
    text = open(path, encoding="utf-8", newline="").read()
    if not text.endswith("\n"):
        fail("the last line has no end")
    metrics, current = {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            if current in metrics or not NAME.fullmatch(current) or len(line.split(" ", 3)) != 4:
                fail("bad or second HELP: " + repr(line))
            metrics[current] = None
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name != current or metrics[name] is not None or (kind == "counter") != name.endswith("_total"):
                fail("bad TYPE: " + repr(line))
            metrics[name] = []
        else:
            name, labels, value = sample(line)
            if name != current or metrics[name] is None or any(labels == seen for seen, _ in metrics[name]):
                fail("a sample out of place, or twice: " + repr(line))
            metrics[name].append((labels, value))
    return metrics


def compare(snapshot, metrics):
    """every number of the JSON object stands in the other format, and the other way round"""
    compared = 0
    for kind in ["bus"] + list(PLURALS):
        rows = snapshot[PLURALS[kind]] if kind in PLURALS else [snapshot[kind]]
        mine = {name: found for name, found in metrics.items() if name.startswith("torc_%s_" % kind)}
        for index, row in enumerate(rows):
            identity = None
            for name, found in mine.items():
                key = name[len("torc_%s_" % kind) :]
                key = key[: -len("_total")] if key.endswith("_total") else key
                labels, value = found[index]
                if row[key] != value:
                    fail("%s of row %d is %d here and %r there" % (name, index, value, row[key]))
                identity = identity or labels
                if labels != identity or labels.get("bus") != snapshot["name"]:
                    fail("the labels of row %d differ: %r, %r" % (index, labels, identity))
                compared += 1
            for label, text in (identity or {}).items():
                if label != "bus" and str(row[label]) != text:
                    fail("label %s of row %d: %r and %r" % (label, index, text, row[label]))
            if len(mine) + len(identity) - 1 != len(row):
                fail("%s: %d figures here, %d there" % (kind, len(mine) + len(identity) - 1, len(row)))
        if any(len(found) != len(rows) for found in mine.values()):
            fail("%s: not a sample per row" % kind)
    return compared


def main():
    directory = sys.argv[1]
    with open(directory + "/snapshot.json", encoding="utf-8") as file:
        snapshot = json.load(file, parse_constant=fail)
    metrics = read_prometheus(directory + "/snapshot.prom")
    compared = compare(snapshot, metrics)
    names = [topic["topic"] for topic in snapshot["topics"]]
    wanted = ["plain", 'quo"te', "back\\slash", "new\nline", "tab\tbell\x07", "\u00e9\u20ac\U0001f41d"]
    if names[:6] != wanted or "\ufffd" not in names[6] or names[7] != '}{,=#" 1':
        fail("the names have changed: %r" % names)
    if sum(lane["published"] for lane in snapshot["lanes"]) != snapshot["bus"]["published"]:
        fail("the lanes do not add up to the bus")
    for reader in snapshot["readers"]:
        lanes = [lane for lane in snapshot["lanes"] if lane["topic"] == reader["topic"]]
        if reader["consumed"] + reader["lost"] + reader["lag"] != sum(lane["published"] for lane in lanes):
            fail("reader %d does not add up" % reader["reader"])
    print("observe: %d metrics, %d figures agree in both formats" % (len(metrics), compared))


main()
