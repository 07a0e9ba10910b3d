from typing import Annotated

from avatarkit.stage import Option


def doctor(json: Annotated[bool, Option("Print the findings as JSON instead.")] = False) -> str:
    """Tell what this machine has, what is missing, and the line that installs it.

    Example:

      avatarkit doctor
    """
    from json import dumps

    from avatarkit import doctor, files

    findings = doctor.examined(files.body_models())
    return dumps(doctor.as_json(findings)) if json else doctor.told(findings)
