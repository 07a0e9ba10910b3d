"""A body set down and looked at: its lowest point at y = 0, the pelvis over x = z = 0, facing +Z, framed."""

from dataclasses import replace

import torch
from torch import Tensor

from avatarkit import motion
from avatarkit.body import Body, Pose
from avatarkit.camera import framing
from avatarkit.person import Person
from avatarkit.record import Model
from avatarkit.rotation import rotation_from_axis_angle

IMAGE_SIZE = (512, 512)


def seen(body: Body, betas: Tensor, pose: Pose, residuals: dict[str, float] | None = None) -> Person:
    """The person of a body, its betas and its pose: set on the ground and looked at from the front."""
    pose = grounded(body, pose)
    posed = body.posed(pose)
    model = body.model
    return Person(
        model=Model(model.name, model.sha256, model.licence),
        betas=betas,
        expression=torch.zeros(model.exprdirs.shape[-1]),
        pose=pose,
        camera=framing(posed.vertices, IMAGE_SIZE, centre=posed.joints[0]),
        residuals=residuals or {},
    )


def grounded(body: Body, pose: Pose) -> Pose:
    """The pose moved so that the lowest vertex is at y = 0 and the pelvis over x = z = 0."""
    posed = body.posed(pose)
    pelvis = posed.joints[..., 0, :]
    low = posed.vertices[..., 1].amin(-1)
    return replace(pose, transl=pose.transl - torch.stack([pelvis[..., 0], low, pelvis[..., 2]], dim=-1))


def raised(person: Person, metres: float) -> Person:
    """The person so much higher, and the camera with them: on the soles of their shoes."""
    up = person.pose.transl.new_tensor([0.0, metres, 0.0])
    cam_from_world = person.camera.cam_from_world.clone()
    cam_from_world[:3, 3] -= cam_from_world[:3, :3] @ up.to(cam_from_world)
    return replace(
        person,
        pose=replace(person.pose, transl=person.pose.transl + up),
        camera=replace(person.camera, cam_from_world=cam_from_world),
    )


def facing_front(pose: Pose) -> Pose:
    """The person turned about the vertical until the pelvis looks to +Z; unturned when it looks straight up or down."""
    ahead = rotation_from_axis_angle(pose.global_orient)[:, 2]
    if ahead[[0, 2]].norm() < 0.1:
        return pose
    heading = torch.atan2(ahead[0], ahead[2])
    return motion.rotated(pose, torch.stack([torch.zeros_like(heading), -heading, torch.zeros_like(heading)]))
