"""Which joint of a foreign skeleton is which of ours, told by its name: what the common profiles call them.

Understood are Mixamo and HumanIK (with and without `mixamorig:`), CMU's files, Acclaim's and Poser's names, Unreal's
mannequin, SMPL, VRM and Unity, 3ds Max's Biped and Rigify. The same word means two things in two of them, so a name is
read beside the others: `LeftShoulder` is an upper arm where there is no `LeftArm`, `left_foot` holds the toes where
there is a `left_ankle`. The pelvis and the spine are found by their place in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from avatarkit.errors import BadData

# Of each joint the words in the order of trust. What one joint has taken is no other's: first the upper arm is found,
# then the collar bone, so that the shoulder is whichever of them has no other word; ankle and toes alike.
LIMBS: dict[str, tuple[str, ...]] = {
    "hip": ("upleg", "upperleg", "legupper", "thigh", "thighbend", "femur", "hip"),
    "knee": ("lowleg", "lowerleg", "leglower", "calf", "shin", "tibia", "knee", "leg"),
    "ankle": ("ankle", "foot"),
    "foot": ("toebase", "toe", "toes", "ball", "foot"),
    "shoulder": ("upperarm", "uparm", "armupper", "arm", "humerus", "shldr", "shldrbend", "shoulder"),
    "collar": ("collar", "clavicle", "shoulder"),
    "elbow": ("forearm", "lowerarm", "lowarm", "armlower", "forearmbend", "radius", "elbow"),
    "wrist": ("wrist", "hand"),
    "eye": ("eye",),
}
MIDDLE = {"neck": ("neck", "neckbase", "necklower", "lowerneck"), "head": ("head",), "jaw": ("jaw",)}
FINGERS = {"thumb": "thumb", "index": "index", "middle": "middle", "mid": "middle", "ring": "ring"}
FINGERS |= {"pinky": "pinky", "pinkie": "pinky", "little": "pinky"}
_BIPED_FINGERS = ("thumb", "index", "middle", "ring", "pinky")
NEEDED = tuple(f"{side}_{joint}" for joint in ("hip", "knee", "shoulder", "elbow") for side in ("left", "right"))

_PREFIX = re.compile(
    r"^((mixamorig\d*|character\d*|bip\d*|valvebiped|j_bip_c|j_bip|def|org|mch)[ _.-]+)+", re.IGNORECASE
)
_SIDE = {"l": "left", "r": "right"}
_WORDS = {word for words in (*LIMBS.values(), *MIDDLE.values()) for word in words} | set(FINGERS)


def told(name: str) -> tuple[str, str]:
    """The side (`left`, `right` or nothing) of a joint's name and the rest of it: small letters and digits alone.

    >>> told("mixamorig:LeftUpLeg"), told("thigh.R"), told("lShldr"), told("Bip01 R Finger01"), told("Hips")
    (('left', 'upleg'), ('right', 'thigh'), ('left', 'shldr'), ('right', 'finger01'), ('', 'hips'))
    """
    bare = _PREFIX.sub("", name.rsplit(":", 1)[-1].strip())
    found = re.search("left|right", bare, re.IGNORECASE)
    if found:
        return found[0].lower(), _plain(bare[: found.start()] + bare[found.end() :])
    parts = re.split(r"[\s_.\-]+", bare)
    for k, part in enumerate(parts):
        if len(parts) > 1 and part.lower() in _SIDE:
            return _SIDE[part.lower()], _plain("".join(parts[:k] + parts[k + 1 :]))
    camel = re.match(r"[lrLR](?=[A-Z][a-z])", bare)
    rest = _plain(bare[1:])
    if bare[:1].lower() in _SIDE and (camel or (_stem(rest) in _WORDS and _stem(_plain(bare)) not in _WORDS)):
        return _SIDE[bare[0].lower()], rest
    return "", _plain(bare)


def matched(names: Sequence[str], parents: Sequence[int]) -> dict[str, int]:
    """Our joints' names → which of the foreign ones each is; only those that are there.

    BadData where thighs, shins, upper arms or forearms are not found.
    """
    read = [told(name) for name in names]
    found: dict[str, int] = {}
    for side in ("left", "right"):
        for joint, words in LIMBS.items():
            key = f"{side}_{joint}" if joint != "eye" else f"{side}_eye"
            _take(found, key, read, side, words)
        found |= _fingers(read, side)
    for joint, words in MIDDLE.items():
        _take(found, joint, read, "", words)
    missing = [joint for joint in NEEDED if joint not in found]
    if missing:
        called = ", ".join(name[:24] for name in list(names)[:20])
        raise BadData(f"joints: found no {', '.join(missing)} (there are: {called}): expected names such as LeftUpLeg")
    return found | _trunk(found, names, parents)


def ancestors(joint: int, parents: Sequence[int]) -> list[int]:
    """The joint and all above it, the root last."""
    chain = [joint]
    while parents[chain[-1]] >= 0:
        chain.append(parents[chain[-1]])
    return chain


def _take(found: dict[str, int], key: str, read: list[tuple[str, str]], side: str, words: tuple[str, ...]) -> None:
    """Put the first joint of that side with the most trusted word under the key, unless another key has it."""
    for word in words:
        for j, (its_side, its_word) in enumerate(read):
            if its_side == side and word in (its_word, _stem(its_word)) and j not in found.values():
                found[key] = j
                return


def _fingers(read: list[tuple[str, str]], side: str) -> dict[str, int]:
    """The first three bones of each finger, by their order in the file; bones inside the palm are left out."""
    chains: dict[str, list[int]] = {}
    for j, (its_side, word) in enumerate(read):
        biped = re.fullmatch(r"finger([0-4])\d?", word)
        match = re.search("|".join(FINGERS), word)
        if its_side != side or not (biped or match):
            continue
        finger = _BIPED_FINGERS[int(biped[1])] if biped else FINGERS[match[0]] if match else ""
        palm = re.search("metacarp|inhand|palm|carpal", word)
        if word.find("end") < 0 and (finger == "thumb" or not palm):
            chains.setdefault(finger, []).append(j)
    return {f"{side}_{finger}{k}": j for finger, chain in chains.items() for k, j in enumerate(chain[:3], 1)}


def _trunk(found: dict[str, int], names: Sequence[str], parents: Sequence[int]) -> dict[str, int]:
    """The pelvis, where both thighs meet, and the spine: what lies between it and the neck or the arms."""
    left, right = (ancestors(found[f"{side}_hip"], parents) for side in ("left", "right"))
    shared = [j for j in left[1:] if j in right[1:]]
    if not shared:
        raise BadData(f"joints: {names[left[0]][:24]} and {names[right[0]][:24]} have no parent in common: no pelvis")
    trunk = {"pelvis": shared[0]}
    arms = [ancestors(found.get(f"{side}_collar", found[f"{side}_shoulder"]), parents) for side in ("left", "right")]
    chest = [j for j in arms[0][1:] if j in arms[1][1:]]
    if "head" not in found and "neck" not in found:
        # Rigify calls spine, neck and head spine, spine.001 … spine.006.
        numbered = [j for j in range(len(names)) if re.fullmatch(r"spine0*[456]", told(names[j])[1])]
        trunk |= {"neck": numbered[0], "head": numbered[-1]} if len(numbered) > 1 else {}
    top = trunk.get("neck", found.get("neck", found.get("head", -1)))
    between = ancestors(top, parents)[1:] if top >= 0 else chest
    spine = [j for j in reversed(between) if j not in shared and j not in found.values()]
    picked = {1: ("spine3",), 2: ("spine1", "spine3")}.get(len(spine), ("spine1", "spine2", "spine3"))
    rows = spine if len(spine) < 3 else [spine[0], spine[len(spine) // 2], spine[-1]]
    return trunk | dict(zip(picked, rows, strict=True)) if rows else trunk


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _stem(word: str) -> str:
    """Without the number at its end: neck01, toe0."""
    return word.rstrip("0123456789")
