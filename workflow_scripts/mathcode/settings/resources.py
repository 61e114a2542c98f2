"""What a job asks of a machine."""

from pydantic import Field

from mathcode.settings.section import PositiveInt, Section


class Hardware(Section):
    """What a job of this run asks for."""

    gpus: int = Field(ge=0, description="GPUs per sampling or training job; of a node, where training has several")
    nodes: PositiveInt = Field(default=1, description="nodes of a training job; several need SLURM")
    cpus: PositiveInt
    memory_gb: PositiveInt
    max_memory_gb: PositiveInt = Field(default=400, description="further attempts ask for more memory up to this")
    hours: PositiveInt = Field(description="walltime of a sampling or training job")
    max_hours: PositiveInt = Field(default=24, description="further attempts ask for more time up to this")
    shards: PositiveInt = Field(default=1, description="jobs that sampling of one policy is split into; the results are the same bytes")
