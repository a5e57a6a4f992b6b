"""Inference for runs on shared items: pure functions over counts and arrays, each with its source
(docs/explanation/statistics.md).
"""

from harness_ext.scoring.at_k import maj_at_k, pass_at_k
from harness_ext.stats.accuracy_interval import accuracy_interval
from harness_ext.stats.best_of_many import chosen_level, luck_of_best
from harness_ext.stats.crossed import VarianceSplit, crossed_mean, variance_split
from harness_ext.stats.distribution import energy_distance, feature_tost
from harness_ext.stats.e_values import e_bh, e_holm, p_of_e
from harness_ext.stats.effect import (
    Effect,
    Verdict,
    decide,
    effect_of_counts,
    effect_of_families,
    effect_of_items,
    effect_of_parts,
    effect_of_runs,
    effect_of_seeds,
    right,
)
from harness_ext.stats.equivalence import noninferiority_counts, p_above, tost_counts
from harness_ext.stats.logistic import (
    LogisticFit,
    attributed,
    clustered,
    conditional_logistic,
    firth_logistic,
    firth_p,
    logistic,
)
from harness_ext.stats.means import (
    clustered_mean,
    hodges_lehmann,
    item_means,
    length_controlled,
    paired_t,
    tost_clustered,
    tost_means,
)
from harness_ext.stats.multiple import benjamini_hochberg, holm
from harness_ext.stats.paired import (
    PairedCounts,
    bonett_price_interval,
    difference,
    matched_odds_ratio,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    paired_counts,
    posterior_difference,
    tango_interval,
)
from harness_ext.stats.planning import (
    SampleSizePlan,
    Settlement,
    detectable_difference,
    items_for_difference,
    items_for_equivalence,
    items_to_settle,
    plan,
    simulated_power,
)
from harness_ext.stats.pooled_seeds import SeedPool, pool_seeds
from harness_ext.stats.proportion import Interval, wilson_interval
from harness_ext.stats.random_effects import RandomEffects, random_effects, sign_test
from harness_ext.stats.ranks import (
    RankInterval,
    group_letters,
    mean_interval,
    pareto_front,
    rank_intervals,
    shown_above,
)
from harness_ext.stats.ratio import fieller, recovered_share, recovered_shares
from harness_ext.stats.resampling import (
    bca_interval,
    bootstrap_many,
    hierarchical_bootstrap,
    sign_flip,
    sign_flip_many,
)
from harness_ext.stats.result import Result
from harness_ext.stats.sequences import (
    Sequences,
    effect_of_sequence,
    sequence_equivalence,
    sequence_intervals,
    sequence_noninferiority,
    sequences,
)
from harness_ext.stats.several import (
    CriticalDifference,
    against_control,
    cochran_q,
    critical_difference,
    friedman,
)
from harness_ext.stats.several_draws import DrawnItem, at_k, avg_at_k, draw_variance, item_values
from harness_ext.stats.share_interval import redrawn_interval, share_interval

__all__ = [
    "CriticalDifference",
    "DrawnItem",
    "Effect",
    "Interval",
    "LogisticFit",
    "PairedCounts",
    "RandomEffects",
    "RankInterval",
    "Result",
    "SampleSizePlan",
    "SeedPool",
    "Sequences",
    "Settlement",
    "VarianceSplit",
    "Verdict",
    "accuracy_interval",
    "against_control",
    "at_k",
    "attributed",
    "avg_at_k",
    "bca_interval",
    "benjamini_hochberg",
    "bonett_price_interval",
    "bootstrap_many",
    "chosen_level",
    "clustered",
    "clustered_mean",
    "cochran_q",
    "conditional_logistic",
    "critical_difference",
    "crossed_mean",
    "decide",
    "detectable_difference",
    "difference",
    "draw_variance",
    "e_bh",
    "e_holm",
    "effect_of_counts",
    "effect_of_families",
    "effect_of_items",
    "effect_of_parts",
    "effect_of_runs",
    "effect_of_seeds",
    "effect_of_sequence",
    "energy_distance",
    "feature_tost",
    "fieller",
    "firth_logistic",
    "firth_p",
    "friedman",
    "group_letters",
    "hierarchical_bootstrap",
    "hodges_lehmann",
    "holm",
    "item_means",
    "item_values",
    "items_for_difference",
    "items_for_equivalence",
    "items_to_settle",
    "length_controlled",
    "logistic",
    "luck_of_best",
    "maj_at_k",
    "matched_odds_ratio",
    "mcnemar_exact",
    "mcnemar_midp",
    "mean_interval",
    "newcombe_interval",
    "noninferiority_counts",
    "p_above",
    "p_of_e",
    "paired_counts",
    "paired_t",
    "pareto_front",
    "pass_at_k",
    "plan",
    "pool_seeds",
    "posterior_difference",
    "random_effects",
    "rank_intervals",
    "recovered_share",
    "recovered_shares",
    "redrawn_interval",
    "right",
    "sequence_equivalence",
    "sequence_intervals",
    "sequence_noninferiority",
    "sequences",
    "share_interval",
    "shown_above",
    "sign_flip",
    "sign_flip_many",
    "sign_test",
    "simulated_power",
    "tango_interval",
    "tost_clustered",
    "tost_counts",
    "tost_means",
    "variance_split",
    "wilson_interval",
]
