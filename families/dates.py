"""Families about dates and times: parsing, writing, adding, differences, parts."""

import datetime
import random
from typing import Any

from families.draws import calls, expect
from families.family import Draw, Family
from families.names import function_name, name_for, names_for

TOPIC = "dates"
SETUP = "import datetime\n"
DATE_FORMATS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d-%m-%Y", "%m-%d-%Y", "%d %m %Y",
    "%Y.%m.%d", "%d_%m_%Y",
)  # fmt: skip
TIME_FORMATS = ("", "", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "_%H%M", " %H.%M")


def _moment(rng: random.Random, whole_minutes: bool = True) -> datetime.datetime:
    second = 0 if whole_minutes else rng.randrange(60)
    day, hour, minute = rng.randint(13, 28), rng.randint(13, 23), rng.randrange(60)
    return datetime.datetime(rng.randint(1995, 2030), rng.randint(1, 12), day, hour, minute, second)


def _parse(rng: random.Random) -> Draw:
    s, form = name_for(rng, "str"), rng.choice(DATE_FORMATS) + rng.choice(TIME_FORMATS)
    text = _moment(rng).strftime(form)
    moment = datetime.datetime.strptime(text, form)
    return Draw(
        {"s": s, "form": repr(form)},
        f"datetime.datetime.strptime({s}, {form!r})",
        f"{SETUP}{s} = {text!r}",
        (f"assert _ == {moment!r}", "assert type(_) is datetime.datetime", f"assert _.day == {moment.day}"),
    )


def _write(rng: random.Random) -> Draw:
    d, form = name_for(rng, "date"), rng.choice(DATE_FORMATS) + rng.choice(TIME_FORMATS)
    moment = _moment(rng, whole_minutes=False)
    return Draw(
        {"d": d, "form": repr(form)},
        f"{d}.strftime({form!r})",
        f"{SETUP}{d} = {moment!r}",
        expect(moment.strftime(form), **{d: moment}),
    )


def _shift(rng: random.Random) -> Draw:
    d, n, moment = name_for(rng, "date"), rng.randint(2, 40), _moment(rng)
    unit, (verb, sign) = (
        rng.choice(["days", "hours", "weeks", "minutes"]),
        rng.choice([("after", "+"), ("before", "-")]),
    )
    delta = datetime.timedelta(**{unit: n})
    result = moment + delta if sign == "+" else moment - delta
    return Draw(
        {"d": d, "n": str(n), "unit": unit, "verb": verb},
        f"{d} {sign} datetime.timedelta({unit}={n})",
        f"{SETUP}{d} = {moment!r}",
        (f"assert _ == {result!r}", "assert type(_) is datetime.datetime", f"assert {d} == {moment!r}"),
    )


def _days_between(rng: random.Random) -> Draw:
    a, b = names_for(rng, "date", "date")
    first = _moment(rng).date()
    second = first + datetime.timedelta(days=rng.randint(30, 900))
    return Draw(
        {"a": a, "b": b},
        f"({b} - {a}).days",
        f"{SETUP}{a} = {first!r}\n{b} = {second!r}",
        expect((second - first).days, **{a: first, b: second}),
    )


def _part(rng: random.Random) -> Draw:
    d, moment = name_for(rng, "date"), _moment(rng, whole_minutes=False)
    part = rng.choice(["year", "month", "day", "hour", "minute"])
    return Draw(
        {"d": d, "part": part},
        f"{d}.{part}",
        f"{SETUP}{d} = {moment!r}",
        expect(getattr(moment, part), **{d: moment}),
    )


def _name_of(rng: random.Random) -> Draw:
    d, moment = name_for(rng, "date"), _moment(rng)
    what, form = rng.choice([("weekday", "%A"), ("month", "%B"), ("day of the week", "%A")])
    return Draw(
        {"d": d, "what": what},
        f"{d}.strftime({form!r})",
        f"{SETUP}{d} = {moment!r}",
        expect(moment.strftime(form), **{d: moment}),
    )


def _replace_part(rng: random.Random) -> Draw:
    d, moment = name_for(rng, "date"), _moment(rng)
    part, low, high = rng.choice([("year", 1950, 1990), ("day", 2, 12), ("hour", 1, 12)])
    value = rng.randint(low, high)
    changed: dict[str, Any] = {part: value}
    return Draw(
        {"d": d, "part": part, "value": str(value)},
        f"{d}.replace({part}={value})",
        f"{SETUP}{d} = {moment!r}",
        (
            f"assert _ == {moment.replace(**changed)!r}",
            f"assert _.{part} == {value}",
            f"assert {d} == {moment!r}",
        ),
    )


def _convert_format(rng: random.Random) -> Draw:
    f, s = function_name(rng, "convert", "format", "change", "reformat"), name_for(rng, "str")
    old, new = rng.sample(DATE_FORMATS, 2)
    moments = [_moment(rng) for _ in range(3)]
    return Draw(
        {"f": f, "s": s, "old": repr(old), "new": repr(new)},
        f"def {f}({s}):\n    return datetime.datetime.strptime({s}, {old!r}).strftime({new!r})",
        SETUP.strip(),
        calls(f, *(((m.strftime(old),), m.strftime(new)) for m in moments)),
    )


FAMILIES = (
    Family(
        "parse-date",
        TOPIC,
        "statement",
        (
            "Convert string `{s}` to a datetime using format {form}.",
            "How do I parse `{s}` into a datetime object with the format {form}?",
            "string `{s}` in format {form} to datetime",
            "Return a datetime from the text `{s}`, whose format is {form}.",
            "parse date string `{s}` with format {form}",
            "Make a datetime out of `{s}`; it looks like {form}.",
            "The string `{s}` was written with {form}. Get the datetime it stands for.",
            "read datetime {form} from `{s}`",
        ),
        _parse,
    ),
    Family(
        "write-date",
        TOPIC,
        "statement",
        (
            "Format the datetime `{d}` as a string with format {form}.",
            "How can I convert datetime `{d}` to a string in the format {form}?",
            "datetime `{d}` to string {form}",
            "Return `{d}` as text in the form {form}.",
            "format `{d}` using {form}",
            "Write the datetime object `{d}` as {form}.",
            "I need `{d}` as a string that follows {form}.",
            "text of `{d}`, pattern {form}",
        ),
        _write,
    ),
    Family(
        "shift-date",
        TOPIC,
        "statement",
        (
            "Get the datetime {n} {unit} {verb} `{d}`.",
            "How do I compute the time {n} {unit} {verb} datetime `{d}`?",
            "datetime that is {n} {unit} {verb} `{d}`",
            "Return the point in time {n} {unit} {verb} `{d}`.",
            "time {n} {unit} {verb} `{d}` with timedelta",
            "What is the datetime {n} {unit} {verb} `{d}`?",
            "Calculate which moment lies {n} {unit} {verb} `{d}`.",
            "move to {n} {unit} {verb} the datetime `{d}`",
        ),
        _shift,
    ),
    Family(
        "days-between",
        TOPIC,
        "statement",
        (
            "Get the number of days from date `{a}` to date `{b}`.",
            "How many days are there from `{a}` to `{b}`?",
            "days between dates `{a}` and `{b}`, the later one is `{b}`",
            "Return the difference in days between `{a}` and the later date `{b}`.",
            "number of days from `{a}` until `{b}`",
            "Count the days that pass from `{a}` to `{b}`.",
            "`{a}` comes first, then `{b}`: how many days lie between them?",
            "day count starting at date `{a}` and ending at `{b}`",
        ),
        _days_between,
    ),
    Family(
        "date-part",
        TOPIC,
        "statement",
        (
            "Get the {part} of datetime `{d}`.",
            "How do I extract the {part} from a datetime object `{d}`?",
            "{part} of `{d}`",
            "Return the {part} of the datetime `{d}` as an integer.",
            "extract {part} from datetime `{d}`",
            "I only need the {part} of `{d}`.",
            "Which {part} does the datetime `{d}` have?",
            "number of the {part} in `{d}`",
        ),
        _part,
    ),
    Family(
        "date-name",
        TOPIC,
        "statement",
        (
            "Get the full name of the {what} of datetime `{d}`.",
            "How do I get the {what} name from `{d}`?",
            "{what} of `{d}` as a word",
            "Return the English name of the {what} for the datetime `{d}`.",
            "full {what} name of datetime `{d}`",
            "What is the name of the {what} of `{d}`?",
            "Say which {what} `{d}` has, written out in full.",
            "long name, {what}, from datetime `{d}`",
        ),
        _name_of,
    ),
    Family(
        "replace-date-part",
        TOPIC,
        "statement",
        (
            "Get a copy of datetime `{d}` with the {part} set to {value}.",
            "How do I change the {part} of `{d}` to {value}?",
            "set {part} of datetime `{d}` to {value}",
            "Return `{d}` with {value} as its {part}.",
            "replace the {part} in `{d}` by {value}",
            "Same datetime as `{d}`, but the {part} should be {value}.",
            "Give `{d}` the {part} {value} and leave the rest of it.",
            "`{d}` with {part} {value}",
        ),
        _replace_part,
    ),
    Family(
        "convert-date-format",
        TOPIC,
        "function",
        (
            "Write a function `{f}` that converts a date string `{s}` from format {old} to {new}.",
            "Define `{f}({s})` which turns a date written as {old} into {new}.",
            "function `{f}` to change date string `{s}` from {old} to {new}",
            "How do I write `{f}({s})` that reads a date in {old} and returns it in {new}?",
            "Create a function `{f}` taking `{s}` in the format {old}; return the date in the format {new}.",
            "Implement `{f}({s})`: input {old}, output {new}.",
            "Dates come as {old} and should become {new}. Write `{f}` with argument `{s}` for that.",
            "def `{f}` of `{s}`, date from {old} into {new}",
        ),
        _convert_format,
    ),
)
