"""`python -m ddpt_core.pretrain`: makes the embedded backbone, from mining to the card."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from ddpt_core.errors import DDPTError
from ddpt_core.pretrain.training import PretrainConfig, pretrain


def main(
    work: Annotated[Path, typer.Option(help="Folder of the corpus, the training state and the curve.")] = Path(
        "build/pretrain"
    ),
    out: Annotated[Path, typer.Option(help="Folder that the finished backbone is written to.")] = Path(
        "build/backbone"
    ),
    steps: int = PretrainConfig.steps,
    rate: float = PretrainConfig.rate,
    seed: int = PretrainConfig.seed,
    instances: int = PretrainConfig.instances,
    resume: Annotated[bool, typer.Option(help="Go on from the state in the work folder.")] = False,
    export_only: Annotated[bool, typer.Option(help="Only write the backbone of the state in the work folder.")] = False,
) -> None:
    """Mine, train and export the embedded backbone."""
    from ddpt_core.pretrain.export import export

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = PretrainConfig(steps=steps, rate=rate, seed=seed, instances=instances)
    try:
        if not export_only:
            with tqdm(total=steps, unit="step") as bar:
                for record in pretrain(work, config, resume):
                    bar.update(record["step"] - bar.n)
                    bar.set_postfix(loss=f"{record['loss']:.2f}", tokens=f"{record['tokens'] / 1e6:.1f}M")
                    if "validation" in record:
                        tqdm.write(f"step {record['step']}: validation {record['validation']}")
        export(work, out, config)
    except DDPTError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
