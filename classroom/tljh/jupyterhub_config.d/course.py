"""What `config.yaml` has no words for. The Littlest JupyterHub loads every file in jupyterhub_config.d."""

DATA = "/srv/course/data"  # `course fetch` has filled it: README.md

c = get_config()  # noqa: F821, JupyterHub hands it to its configuration

c.Spawner.environment.update(
    {
        "COURSE_DATA": DATA,
        # Many kernels, few cores: two threads each took up to eight times as long.
        "OMP_NUM_THREADS": "1",
        # Keras asks when it is imported, and TensorFlow is not installed.
        "KERAS_BACKEND": "torch",
        # Where the kernels' sockets lie: a path may have 107 characters, and one in a home soon has more.
        "JUPYTER_RUNTIME_DIR": "/tmp/jupyter",
    }
)
c.SystemdSpawner.isolate_tmp = True  # so /tmp is each learner's own
# Root owns the folder already. This mounts it read-only as well, for those who may become root too.
c.SystemdSpawner.readonly_paths = [DATA]

# A kernel holds half a gigabyte, and a closed notebook keeps its kernel. One that rests for an hour without a page
# open on it goes; what runs, stays.
c.Spawner.args.extend(["--MappingKernelManager.cull_idle_timeout=3600", "--MappingKernelManager.cull_interval=300"])

# Kernels talk over sockets, not ports. A kernel picks its ports seconds before it takes them, and when a class starts
# together another process may have one by then: in a rehearsal one kernel of twelve never started.
c.Spawner.args.append("--KernelManager.transport=ipc")

# A class signs in within the same minute, and the servers start beside each other.
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 120
