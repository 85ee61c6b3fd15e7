"""Where the batches of a data step are computed: processes of this machine, a Ray cluster, a Slurm cluster."""
