"""The words for hair, face and skin, as tables to read and to extend; `wardrobe` says how.

`styles` are the hairstyles of `outfit` that would do; `length` makes hair long within its style. `melanin`, `redness`,
`freckles`, `blush`, `stubble` as in `outfit`.
"""

from avatarkit.words.lexicon import Meaning

LOOKS: dict[str, dict[str, Meaning]] = {
    "Hair": {
        "hair, haired, hairdo, haircut, hairstyle": {"wear": "hair"},
        "bald, bald head, bald-headed, shaved head, hairless, shaven-headed": {"styles": "bald"},
        "buzz cut, buzzcut, cropped hair, shaved hair": {"wear": "buzz cut"},
        "crew cut": {"wear": "crew cut"},
        "side part, side parting, undercut": {"wear": "side part"},
        "slicked back, combed back": {"styles": "slicked back"},
        "quiff, pompadour": {"wear": "slicked back"},
        "curly, frizzy": {"styles": "curly"},
        "curls": {"wear": "curly"},
        "afro": {"wear": "afro"},
        "pixie cut, pixie": {"wear": "pixie cut"},
        "bob, bob cut": {"wear": "bob"},
        "bobbed, chin-length": {"styles": "bob"},
        "shoulder-length": {"styles": "shoulder-length"},
        "medium-length": {"styles": "bob, shoulder-length"},
        "wavy": {"styles": "wavy"},
        "straight": {"styles": "long, shoulder-length, bob, side part"},
        "ponytail, pony tail, hair tied back": {"wear": "ponytail"},
        "bun, man bun, topknot, top knot, chignon, updo, hair up": {"wear": "bun"},
        "braid, plait": {"wear": "braid"},
        "braided, plaited": {"styles": "braid"},
        "two braids, pigtails, plaits, braids, pig tails": {"wear": "two braids"},
        "mohawk, mohican": {"wear": "mohawk"},
    },
    "Hair colour": {
        "blond, blonde, fair-haired, flaxen": {"haircolour": "blond"},
        "platinum, platinum blond, platinum blonde, bleached": {"haircolour": "platinum"},
        "strawberry blond, ginger, redhead, red-headed, red-haired, copper": {"haircolour": "red"},
        "dark-haired": {"haircolour": "dark brown"},
        "auburn": {"haircolour": "auburn"},
        "brunette": {"haircolour": "brown"},
        "grey-haired, gray-haired, greying, graying": {"haircolour": "grey"},
        "white-haired": {"haircolour": "white"},
        "raven, jet black": {"haircolour": "black"},
    },
    "Beard": {
        "beard, full beard, short beard": {"wear": "full beard"},
        "bearded": {"beard": "full beard"},
        "long beard, bushy beard": {"wear": "long beard"},
        "goatee, van dyke": {"wear": "goatee"},
        "moustache, mustache": {"wear": "moustache"},
        "stubble, stubbly, unshaven, five o'clock shadow, designer stubble": {"stubble": 0.6},
        "clean-shaven, beardless, smooth-shaven, shaven": {"beard": "none", "stubble": 0.0},
    },
    "Face and skin": {
        "eyes, eyed": {"wear": "eyes"},
        "hazel": {"eyecolour": "hazel"},
        "amber": {"eyecolour": "amber"},
        "skin, skinned, complexion, complexioned": {"wear": "skin"},
        "lips": {"wear": "lips"},
        "lipstick, makeup, make-up": {"wear": "lips"},
        "fair": {"melanin": 0.14},
        "tanned, bronzed, sun-tanned": {"melanin": 0.43},
        "freckles, freckled, freckly": {"freckles": 0.8},
        "rosy, rosy cheeks, ruddy, flushed, red cheeks, blushing": {"blush": 0.9},
    },
}
