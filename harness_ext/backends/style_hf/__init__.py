"""Generation with controls of style, in batches that sequences leave when they end; responses survive a kill.

Nothing here imports lm_eval; `harness_ext.backends.lm_eval.style_hf_model` makes a model of lm_eval of it. A
response is a `sequence`, whose keys and values lie on
`kv_cache`;
`writing` has the model read and `choosing` chooses; a `watch` reads the `text` along and lets `thinking` and
`pivots` change the sequence; `journal` keeps what has ended. For vLLM, which does not go back in a response,
`ahead` does the same with what is forbidden and forced; `vllm_processor` is what vLLM loads of it.
`steer_fit` finds directions of pivot kinds and `steering` adds them.
"""
