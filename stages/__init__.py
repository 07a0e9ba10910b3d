"""One file a subcommand: what it reads, what it writes, its options. `avatarkit` does the work.

Nothing is imported here: `from stages.fit_smpl import fit_smpl` would hide the module of that name.
"""
