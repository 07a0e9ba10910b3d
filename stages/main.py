"""The `avatarkit` command: the list of stages, and the only Typer in the project.

A function's signature becomes its subcommand. Every stage also takes the shared flags below and is run by `_batch`, and
so is `build`, on the first stage's subjects; the other commands return the text that is printed.
"""

import inspect
import os
import shlex
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from avatarkit import __version__, chain, progress, record
from avatarkit.chain import Manner
from avatarkit.errors import NotInstalled, UsageError
from avatarkit.stage import Option, Reads, Stage, Writes, marks, name, reads
from avatarkit.stage import rules as make_rules
from stages import _batch
from stages.build import build, chained
from stages.carve_mesh import carve_mesh
from stages.compare import compare
from stages.doctor import doctor
from stages.evaluate import evaluate
from stages.fit_smpl import fit_smpl
from stages.gen_normals import gen_normals
from stages.imagine import imagine
from stages.info import info
from stages.preview import preview
from stages.refine import refine
from stages.report import report
from stages.rig import rig
from stages.synth import synth
from stages.texture_uv import texture_uv
from stages.train import train
from stages.warmup import warmup

# in the order in which data flows
STAGES: tuple[Stage, ...] = (imagine, fit_smpl, gen_normals, carve_mesh, refine, texture_uv, rig)
COMMANDS: tuple[Callable[..., str], ...] = (synth, preview, report, evaluate, compare, train, info, doctor, warmup)

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
    "consent": (Annotated[str, typer.Option(help="Who agreed to this, in your words; kept in every file.")], ""),
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

    def rules(no_refine: Annotated[bool, Option("Leave out refine, as build --no-refine does.")] = False) -> str:
        """Print the Make rules of the whole chain, for one folder a subject.

        Example:

          avatarkit rules > avatarkit.mk && make -f avatarkit.mk -j2 ana/body.npz bob/body.npz
        """
        return make_rules(chained(stages, image_model="any", refine=not no_refine)).rstrip("\n")

    for stage in stages:
        _subcommand(app, stage, SHARED | SPOKEN, partial(_run_stage, stage, stages))
    _subcommand(app, build, SHARED | SPOKEN, partial(_run_build, app, stages), _subjects(chained(stages)[0]))
    spoken = {flag: typed for flag, typed in SPOKEN.items() if flag != "json"}
    for command in (*commands, rules):
        _subcommand(app, command, spoken, partial(_run_command, command))
    return app


def _version(wanted: bool) -> None:
    if wanted:
        print(f"avatarkit {__version__}")
        raise typer.Exit()


Parameters = list[inspect.Parameter]


def _subcommand(
    app: typer.Typer,
    function: Callable[..., Any],
    flags: Flags,
    run: Callable[[dict], int],
    first: Parameters | None = None,
) -> None:
    """Register the function under its name, with its own help and parameters in Typer's words, and the flags."""

    def command(**given: Any) -> None:
        progress.show(f"avatarkit {name(function)}", quiet=given["quiet"], verbose=given["verbose"])
        raise typer.Exit(run(given))

    parameters = [*(first or ()), *(p for p in _parameters(function) if p.name not in flags)]
    parameters += [_keyword(flag, annotation, default) for flag, (annotation, default) in flags.items()]
    command.__doc__ = _help(function)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    app.command(name(function))(command)


def _help(function: Callable[..., Any]) -> str:
    """The docstring; what stands indented in it (examples) is kept line by line, which is what \\b asks of Typer."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return "\n\n".join(f"\b\n{text}" if text.startswith("  ") else text for text in paragraphs)


def _subjects(stage: Stage) -> Parameters:
    """The stage's first input, and the option that gives it in words."""
    first, mark = next(iter(reads(stage).items()))
    return [parameter for parameter in _parameters(stage) if parameter.name in (first, mark.text)]


def _parameters(function: Callable[..., Any]) -> Parameters:
    """The function's marked parameters in Typer's words; the first input is the argument, the others are options."""
    signature, typed = inspect.signature(function, eval_str=True).parameters, []
    first, several = next(iter(reads(function)), None), any(isinstance(m, Writes) for m in marks(function).values())
    for p, mark in marks(function).items():
        kind, default = signature[p].annotation.__origin__, signature[p].default
        if isinstance(mark, Option):
            option = typer.Option(
                f"--{p.strip('_').replace('_', '-')}", *mark.flags, help=mark.help, min=mark.min, max=mark.max
            )
            typed.append(_keyword(p, Annotated[kind, option], default))
        elif isinstance(mark, Reads) and p == first:
            help = f"{mark.help} `-` reads paths from stdin." if several else mark.help
            argument = typer.Argument(help=help, metavar="INPUT", show_default=False)
            kind = list[Path] | None if several else kind
            default = None if several else default  # a command's own input may be left out too
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
        one = partial(chain.run, stage, given=given, manner=_manner(given), stages=stages)
        return _batch.run(stage, one, given)

    return _batch.guarded(work, debug=given["debug"])


def _run_build(app: typer.Typer, stages: tuple[Stage, ...], given: dict[str, Any]) -> int:
    def work() -> int:
        _use_machine(given["device"], given["threads"])
        plan = build(**{p: given[p] for p in marks(build)})
        used = chained(stages, image_model=given["image_model"], refine=not given["no_refine"])
        said = _said(app, used, plan.words, given["seed"])
        plan = replace(plan, stages=used, given=said, manner=_manner(given))
        plan.of(used)
        if given["out"] and Path(given["out"]).suffix and not given["out"].endswith("/"):
            raise UsageError(f"-o {given['out']}: build writes many files: give a folder, -o {given['out']}/")
        return _batch.run(used[0], plan, given | said[name(used[0])], called="build", jobs=plan.jobs)

    return _batch.guarded(work, debug=given["debug"])


def _manner(given: dict[str, Any]) -> Manner:
    return Manner(given["dry_run"], given["force"], given["strict"], given["commercial"], given["consent"])


Said = dict[str, dict[str, Any]]
Misused: Any = typer.BadParameter.__base__  # click's UsageError, whichever click typer brings


def _said(app: typer.Typer, stages: tuple[Stage, ...], words: tuple[str, ...], seed: int) -> Said:
    """What was said of each stage, by its name, in the words of its own command line."""
    said: Said = {name(stage): {"seed": seed} for stage in stages}
    for line in words:
        called, *rest = shlex.split(line) or [""]
        if called not in said:
            raise UsageError(f"--with {line!r}: expected a stage and its options, as 'rig --vrm', of {', '.join(said)}")
        try:
            context = typer.main.get_group(app).commands[called].make_context(called, rest)
        except Misused as error:
            raise UsageError(f"--with {line!r}: {error.format_message()}") from None
        source = context.get_parameter_source
        own = {p for p in context.params if (found := source(p)) is not None and found.name == "COMMANDLINE"}
        if strange := own & (SHARED | SPOKEN).keys() - {"seed"}:
            raise UsageError(f"--with {line!r}: give --{min(strange)} to build itself")
        said[called] |= {p: context.params[p] for p in own}
    return said


def _run_command(function: Callable[..., str], given: dict[str, Any]) -> int:
    def work() -> None:
        _use_machine("auto", None)
        with record.keeping():  # so that what is written can say what it was made from
            _batch.write(function(**{p: given[p] for p in marks(function)}).encode() + b"\n")

    return _batch.guarded(work, debug=given["debug"])


if __name__ == "__main__":
    main()
