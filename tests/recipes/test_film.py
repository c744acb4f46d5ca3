"""The film of README: a picture by itself, whose words are those of the packed data."""

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from ddpt_core.backbone import registry
from recipes import film

SVG = "{http://www.w3.org/2000/svg}"
SHIPPED = registry.ASSETS / film.FILM
HOSTILE = "</text><script>alert(1)</script>\x00&\u202e"


def test_what_ships_is_a_picture_that_fetches_and_runs_nothing():
    content = SHIPPED.read_text(encoding="utf-8")
    root = ElementTree.fromstring(content)
    assert root.tag == f"{SVG}svg" and len(content.encode()) < 600_000
    assert not [
        one for one in root.iter() if one.tag.removeprefix(SVG) in ("script", "image", "use", "a", "foreignObject")
    ]
    assert not re.search(r"href|url\((?!#)|@import|\son\w+=", content)
    assert "prefers-reduced-motion" in content


def test_its_codes_are_those_along_the_run_that_ships():
    task = film.telling(film.codes_of(registry.ASSETS / "runs" / film.RUN))
    groups = [one for one in ElementTree.parse(SHIPPED).getroot().iter(f"{SVG}g") if "code" in one.get("class", "")]
    rows = task["paths"]["state"]["rows"]
    assert len(groups) == len(rows)
    for group, row in zip(groups, rows, strict=True):
        words = [line.text or "" for line in group.iter(f"{SVG}text")]
        assert words[0].startswith(f"step {row['step']} of ")
        assert words[2] == ("✓ passes its tests" if row["tests"] and all(row["tests"]) else "✗ fails its tests")
        code = "".join(words[3:])
        assert code.rstrip("…") in "".join(row["code"].splitlines())


def test_the_example_that_passes_most_is_told():
    def task(styles, passes):
        rows = [{"style": style, "tests": [one]} for style, one in zip(styles, passes, strict=True)]
        return {"paths": {"state": {"rows": rows}}}

    still, moved, most = task("aa", (1, 1)), task("ab", (0, 0)), task("ab", (1, 0))
    assert film.telling([still, moved, most]) is most and film.telling([still, moved]) is moved


def test_words_are_escaped_and_code_is_cut_at_its_box():
    (line,) = film.wrapped(0, 0, HOSTILE, 200)
    read = ElementTree.fromstring(line)
    assert read.text == HOSTILE.replace("\x00", "\ufffd") and len(read) == 0
    lines = film.wrapped(0, 0, "\n".join("abcdef" for _ in range(9)), 4, lines=3)
    assert [ElementTree.fromstring(one).text for one in lines] == ["abcd", "ef", "abc…"]


def test_every_point_is_placed_inside_the_map_on_one_scale():
    points = np.array([[0.0, 0.0], [10.0, 1.0]])
    place = film.scale_of(points)
    (x0, y0), (x1, y1) = place(points)
    left, top, width, height = film.MAP
    assert left < x0 < x1 < left + width and top < y1 < y0 < top + height
    assert (x1 - x0) / (y0 - y1) == pytest.approx(10)


def test_each_code_is_in_sight_until_the_next_and_the_last_at_rest():
    rows = [{"step": step, "style": "print", "tests": [True], "code": "x"} for step in (0, 50, 200)]
    run = SimpleNamespace(steps=200, noise_level=np.linspace(1, 0, 201))
    frames = film.keyframes(np.zeros((2, 1, 2)), np.array([0.0, 1.0]), rows, 200)
    assert "@keyframes c0{0.00%{opacity:1}20.00%{opacity:0}}" in frames
    assert "@keyframes c1{0%{opacity:0}20.00%{opacity:1}80.00%{opacity:0}}" in frames
    assert "@keyframes c2{0%{opacity:0}80.00%{opacity:1}}" in frames
    assert ['class="code end"' in one for one in film.coded(rows, run)] == [False, False, True]
