"""Makes ElevenLabs match what the settings say: wanted and found to steps, and steps to deeds.

`wish` is what is wanted, `found` what is there, `agent` the agent's configuration, `difference` how
two of them differ, `completing` what a patch needs besides, `plan` the steps between: pure, all but
`found`. `apply` does the steps and remembers each (`memory`, which `settle` sets against what is
there); `undo` is a plan that leads back, `restoring` how an agent is put back.
"""
