"""A page that does not say which is whose, and votes that are counted rightly."""

import json
import math
import re

import numpy as np
import pytest
from solids import ball

from avatarkit import comparing, files
from avatarkit.comparing import Pair, Tally
from avatarkit.comparing.page import side_id, subject_id
from avatarkit.errors import BadData, InputMissing, UsageError
from stages.compare import compare

SMALL = {"frames": 2, "size": (18, 24)}


def pairs(count=8):
    photo = np.full((24, 18, 3), 90, np.uint8)
    words = [None, "a <b> hat"] * count
    return [Pair(f"ana{k}", ball(n=4), ball(n=5), photo if k % 3 == 0 else None, words[k]) for k in range(count)]


@pytest.fixture(scope="module")
def page():
    return comparing.page(pairs(), ("ours", "theirs"), seed=3, **SMALL)


def key_of(page):
    return re.search(r'data-key="(.*?)"', page)[1]


def salt_of(page):
    return comparing.counting._unlocked(key_of(page))[0]


def shown(page):
    """[(subject, left, right)] as the page has them."""
    return re.findall(r'data-subject="(\w+)".*?data-choice="(\w+)".*?data-choice="(\w+)"', page, re.S)


def test_the_page_does_not_say_whose_is_which(page):
    assert not re.search("ours|theirs|ana", re.sub('base64,[^"]*', "", page))
    salt, found = salt_of(page), shown(page)
    names = [subject_id(salt, f"ana{k}") for k in range(8)]
    assert sorted(subject for subject, _, _ in found) == sorted(names) and [s for s, _, _ in found] != names
    lefts = []
    for subject, left, right in found:
        sides = [side_id(salt, subject, side) for side in "AB"]
        assert sorted([left, right]) == sorted(sides)
        lefts.append(left == sides[0])
    assert 0 < sum(lefts) < 8
    assert "a &lt;b&gt; hat" in page and page.count("<button") == 16 + 4


def test_a_seed_gives_one_page(page):
    assert comparing.page(pairs(), ("ours", "theirs"), seed=3, **SMALL) == page
    assert shown(comparing.page(pairs(), seed=4, **SMALL)) != shown(page)
    with pytest.raises(BadData, match="nobody"):
        comparing.page([])


def test_questions_are_about_what_is_known():
    known, _, words, photo = (pair.questions() for pair in (pairs(4)[k] for k in (3, 2, 1, 0)))
    assert known == ["photo", "words", "real"] and words == ["words", "real"] and photo == ["photo", "real"]


def voter(page, name, choose, question="real"):
    """The file of a voter who chooses ("A", "B" or None) by the place."""
    salt, votes = salt_of(page), []
    for place, (subject, _, _) in enumerate(shown(page)):
        side = choose(place)
        votes.append({"subject": subject, "question": question, "choice": side and side_id(salt, subject, side)})
    return {"study": "s", "key": key_of(page), "voter": name, "votes": votes}


def test_votes_are_unblinded_and_counted_once(page):
    first = voter(page, "v", lambda place: "A" if place < 6 else None if place == 6 else "B")
    second = voter(page, "w", lambda place: "B", question="words")
    names, tallies = comparing.counted([first, second, first])  # the same file twice
    assert names == ("ours", "theirs") and tallies == {"words": Tally(0, 8, 0), "real": Tally(6, 1, 1)}
    told = comparing.told(names, tallies)
    assert "ours 6, theirs 1, cannot tell 1; ours 86 % (95 %: 42 to 100), p = 0.125" in told


def test_the_interval_and_the_p_are_exact():
    """Clopper-Pearson of 0 of 10 is 0 … 1 - (0.05 / 2)^(1/10); 8 of 10 by R's binom.test."""
    low, high = Tally(0, 10, 0).interval()
    assert low == 0 and math.isclose(high, 1 - 0.025**0.1, abs_tol=1e-9)
    assert np.allclose(Tally(8, 2, 5).interval(), (0.4439045, 0.9747893), atol=1e-6)
    assert math.isclose(Tally(8, 2, 0).p, 0.109375) and Tally(5, 5, 0).p == 1 and Tally(0, 0, 3).p == 1
    assert Tally(0, 0, 0).interval() == (0, 1)
    assert 0.45 < Tally(1000, 1000, 0).interval()[0] < 0.48


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"votes": None}, "found no votes"),
        ({"votes": [3]}, "vote: found 3"),
        ({"votes": [{"subject": "x", "question": "real", "choice": "y"}]}, "no side of x"),
        ({"key": "%"}, "key: damaged"),
    ],
)
def test_what_the_page_did_not_write_is_refused(page, change, said):
    with pytest.raises(BadData, match=said):
        comparing.counted([voter(page, "v", lambda place: "A") | change])


def test_two_studies_are_not_added_up(page):
    found = voter(page, "v", lambda place: "A")
    with pytest.raises(BadData, match="another study"):
        comparing.counted([found, found | {"study": "t"}])


def test_folders_are_paired_by_name(tmp_path, caplog):
    for side, names in (("ours", ("ana", "bob", "eva")), ("theirs", ("ana", "bob", "tom"))):
        for name in names:
            (tmp_path / side / name).mkdir(parents=True)
            files.write_mesh(tmp_path / side / name / "carved.glb", ball(n=4))
    (tmp_path / "theirs/bob/carved.glb").rename(tmp_path / "theirs/bob/other.glb")
    (tmp_path / "ours/ana/prompt.txt").write_text("a knight")
    out = tmp_path / "ab.html"
    assert compare([tmp_path / "ours", tmp_path / "theirs"], out, frames=1) == str(out)
    text = out.read_text()
    assert len(shown(text)) == 1 and "a knight" in text and str(tmp_path) not in text
    assert all(f"{name}: " in caplog.text for name in ("bob", "eva", "tom"))
    votes = tmp_path / "votes.json"
    votes.write_text(json.dumps(voter(text, "v", lambda place: "B")))
    assert "ours 0, theirs 1" in compare([votes], count=True)
    with pytest.raises(UsageError, match="expected two"):
        compare([tmp_path / "ours"])
    with pytest.raises(InputMissing):
        compare([tmp_path / "ours", tmp_path / "x"])
