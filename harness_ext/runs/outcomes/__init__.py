"""Outcomes files: what runs came to, many runs in one Parquet file, without what was asked and written.

    study · run · model · arm · seed · key · seconds        the run, the same in all of its rows
    task · filter · doc_id · doc_hash · document_digest · target_digest · graph_search_entropy · hops
    acc · answered · trace_words · …                        its metrics, null where an item lacks one
    manifest · results · samples                            JSON, in the first row of a run

A row is a run × task × filter × item, as in a samples file: of several draws of an item, its metrics are
their means, and ``draws`` says of how many. Whatever compares, ranks and reports runs reads no more of them,
so that a run folder written from such a file (`restore_run`) gives the same figures.
"""

from harness_ext.runs.outcomes.file import OutcomesFile
from harness_ext.runs.outcomes.read_run import read_outcomes
from harness_ext.runs.outcomes.restore_run import is_restored, restore_run
from harness_ext.runs.outcomes.run_outcomes import RunLabel, RunOutcomes

__all__ = ["OutcomesFile", "RunLabel", "RunOutcomes", "is_restored", "read_outcomes", "restore_run"]
