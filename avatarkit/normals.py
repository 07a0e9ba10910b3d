"""Normal maps of the clothed person that a body will be carved to: the work of gen-normals."""

from dataclasses import replace

import torch

from avatarkit import camera as cameras
from avatarkit import people, population
from avatarkit.appearance.mapping import mapped
from avatarkit.body import BodyModel
from avatarkit.maps import Maps, View
from avatarkit.person import Person
from avatarkit.words import Description
from avatarkit.words.heeding import heeded


def from_words(
    model: BodyModel, person: Person, text: str | None, *, seed: int = 0, views: int = 2, size: int = 512
) -> Maps:
    """Normals, albedo and labels of the clothes that the tailor makes for this very body, as `text` describes them.

    What the words leave open is drawn by `seed`; all of it where they are None. Two `views` are the nearest and the
    farthest surface from the front, more are nearest ones around the vertical; orthographic, of size x size pixels.
    """
    drawn = population.draw(population.generator_of(seed, 0), prompt=heeded(text) if text else Description())
    worn = people.made(model, drawn, person, population.generator_of(seed, 1), preset="full")
    # soles lift a dressed person: back down to where the body is, which the carver knows
    down = torch.tensor([0.0, worn.dressed.lift, 0.0])
    looks = replace(worn.looks, mesh=replace(worn.looks.mesh, vertices=worn.looks.mesh.vertices - down))
    front = cameras.framing(looks.mesh.vertices, (size, size))
    if views == 2:
        return mapped(looks, worn.dressed, [View(front), View(front, "farthest")])
    around = [cameras.framing(looks.mesh.vertices, (size, size), yaw=360 * k / views) for k in range(views)]
    return mapped(looks, worn.dressed, [View(camera) for camera in around])
