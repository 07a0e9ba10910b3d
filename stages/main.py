"""The `avatarkit` command: the list of stages, and the only Typer in the project.

A function's signature becomes its subcommand. Every stage also takes the shared flags below and is run by `_batch`;
the other commands return the text that is printed.
"""

import inspect
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from avatarkit import __version__, progress
from avatarkit.errors import NotInstalled, UsageError
from avatarkit.stage import Option, Reads, Stage, Writes, marks, name, reads
from avatarkit.stage import rules as make_rules
from stages import _batch
from stages.carve_mesh import carve_mesh
from stages.compare import compare
from stages.doctor import doctor
from stages.fit_smpl import fit_smpl
from stages.gen_normals import gen_normals
from stages.imagine import imagine
from stages.info import info
from stages.preview import preview
from stages.report import report
from stages.rig import rig
from stages.synth import synth
from stages.texture_uv import texture_uv
from stages.train import train

# in the order in which data flows
STAGES: tuple[Stage, ...] = (imagine, fit_smpl, gen_normals, carve_mesh, texture_uv, rig)
COMMANDS: tuple[Callable[..., str], ...] = (synth, preview, report, compare, train, info, doctor)

Flags = dict[str, tuple[Any, Any]]  # parameter: (annotation in Typer's words, default)

SHARED: Flags = {
    "out": (
        Annotated[str | None, typer.Option("--out", "-o", metavar="PATH", help="Output file, or a folder (DIR/).")],
        None,
    ),
    "null": (
        Annotated[bool, typer.Option("--null", "-0", help="Paths end in NUL, in and out.")],
        False,
    ),
    "seed": (Annotated[int, typer.Option(help="Random seed; the same seed gives the same bytes.", min=0)], 0),
    "device": (Annotated[str, typer.Option(help="Where to compute.", metavar="auto|cpu|cuda")], "auto"),
    "threads": (Annotated[int | None, typer.Option(help="CPU threads.  [default: every core]", min=1)], None),
    "depfile": (Annotated[Path | None, typer.Option(help="Write what was read to this file, as a Make rule.")], None),
    "dry_run": (Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")], False),
    "force": (Annotated[bool, typer.Option("--force", help="Make anew even what was edited by hand.")], False),
    "strict": (Annotated[bool, typer.Option("--strict", help="Stop (65) at an outdated input.")], False),
    "commercial": (
        Annotated[bool, typer.Option("--require-commercial-ok", help="Stop (77) if a licence forbids selling.")],
        False,
    ),
}
SPOKEN: Flags = {
    "json": (Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")], False),
    "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")], False),
    "verbose": (Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")], False),
    "debug": (Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")], False),
}


def main(stages: tuple[Stage, ...] = STAGES, commands: tuple[Callable[..., str], ...] = COMMANDS) -> None:
    """The console script."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill cleans up as Ctrl-C does
    command_line(stages, commands)()


def command_line(stages: tuple[Stage, ...], commands: tuple[Callable[..., str], ...]) -> typer.Typer:
    """The program whose subcommands are these functions."""
    app = typer.Typer(
        help="From a photo or a sentence to a rigged, textured 3D human: one command a step, every step a file.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False) -> None:
        pass

    def rules() -> str:
        """Print the Make rules of the whole chain, for one folder a subject.

        Example:

          avatarkit rules > avatarkit.mk && make -f avatarkit.mk -j2 ana/body.npz bob/body.npz
        """
        return make_rules(stages).rstrip("\n")

    for stage in stages:
        _subcommand(app, stage, SHARED | SPOKEN, partial(_run_stage, stage, stages))
    spoken = {flag: typed for flag, typed in SPOKEN.items() if flag != "json"}
    for command in (*commands, rules):
        _subcommand(app, command, spoken, partial(_run_command, command))
    return app


def _version(wanted: bool) -> None:
    if wanted:
        print(f"avatarkit {__version__}")
        raise typer.Exit()


def _subcommand(app: typer.Typer, function: Callable[..., Any], flags: Flags, run: Callable[[dict], int]) -> None:
    """Register the function under its name, with its own help and parameters in Typer's words, and the flags."""

    def command(**given: Any) -> None:
        progress.show(f"avatarkit {name(function)}", quiet=given["quiet"], verbose=given["verbose"])
        raise typer.Exit(run(given))

    parameters = [p for p in _parameters(function) if p.name not in flags]
    parameters += [_keyword(flag, annotation, default) for flag, (annotation, default) in flags.items()]
    command.__doc__ = _help(function)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    app.command(name(function))(command)


def _help(function: Callable[..., Any]) -> str:
    """The docstring; what stands indented in it (examples) is kept line by line, which is what \\b asks of Typer."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return "\n\n".join(f"\b\n{text}" if text.startswith("  ") else text for text in paragraphs)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The function's marked parameters in Typer's words; the first input is the argument, the others are options."""
    signature, typed = inspect.signature(function, eval_str=True).parameters, []
    first, several = next(iter(reads(function)), None), any(isinstance(m, Writes) for m in marks(function).values())
    for p, mark in marks(function).items():
        kind, default = signature[p].annotation.__origin__, signature[p].default
        if isinstance(mark, Option):
            option = typer.Option(f"--{p.replace('_', '-')}", *mark.flags, help=mark.help, min=mark.min, max=mark.max)
            typed.append(_keyword(p, Annotated[kind, option], default))
        elif isinstance(mark, Reads) and p == first:
            help = f"{mark.help} `-` reads paths from stdin." if several else mark.help
            argument = typer.Argument(help=help, metavar="INPUT", show_default=False)
            kind, default = (list[Path] | None, None) if several else (kind, inspect.Parameter.empty)
            typed.append(_keyword(p, Annotated[kind, argument], default))
        elif isinstance(mark, Reads):
            option = typer.Option(help=f"{mark.help}  [default: beside the input]", show_default=False)
            typed.append(_keyword(p, Annotated[Path | None, option], None))
        if isinstance(mark, Reads) and mark.text:
            words = typer.Option(f"--{mark.text}", help="The same, in words on the command line.", metavar="WORDS")
            typed.append(_keyword(mark.text, Annotated[str | None, words], None))
    return typed


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _use_machine(device: str, threads: int | None) -> None:
    """Threads and waiting must be settled before torch and numba are loaded."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads starve each other on a busy machine
    os.environ.setdefault("MKL_CBWR", "AVX2,STRICT")  # the same sums, bit for bit, whatever the number of threads
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS") if threads else ():
        os.environ[variable] = str(threads)
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {device}: expected auto, cpu or cuda")
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise NotInstalled("--device cuda: torch sees no CUDA device: see avatarkit doctor, or use --device cpu")


def _run_stage(stage: Stage, stages: tuple[Stage, ...], given: dict[str, Any]) -> int:
    def work() -> int:
        _use_machine(given["device"], given["threads"])
        return _batch.run(stage, stages, given)

    return _batch.guarded(work, debug=given["debug"])


def _run_command(function: Callable[..., str], given: dict[str, Any]) -> int:
    own = {p: given[p] for p in marks(function)}
    return _batch.guarded(lambda: _batch.write(function(**own).encode() + b"\n"), debug=given["debug"])


if __name__ == "__main__":
    main()
