"""`python -m cpoms_core.cli`, which is how one process of the deployment starts another."""

from cpoms_core.cli import main

main(prog_name="cpoms")
