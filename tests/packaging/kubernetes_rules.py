"""The rules for all pods: the restricted profile of the Pod Security Standards, and more."""

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
PROBES = {"startupProbe": "/-/healthy", "livenessProbe": "/-/healthy", "readinessProbe": "/-/ready"}


def pod_problems(pod):
    """Rules for a pod's spec as a whole."""
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield f"{key} is set"
    for volume in pod.get("volumes", []):
        for kind in set(volume) - {"name"} - VOLUMES:
            yield f"the volume {volume['name']} is a {kind}"
    everyone = 0o007
    for volume in pod.get("volumes", []):
        # The default of Kubernetes.
        if "secret" in volume and volume["secret"].get("defaultMode", 0o644) & everyone:
            yield f"everyone may read the secret {volume['name']}"
    if pod.get("automountServiceAccountToken") is not False:
        yield "has a token of the cluster"


def security_problems(pod, container):
    own = container.get("securityContext", {})
    both = {**pod.get("securityContext", {}), **own}
    if both.get("runAsNonRoot") is not True or not both.get("runAsUser"):
        yield "may run as root"
    if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "has no seccomp profile"
    if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
        yield "may get privileges"
    if own.get("capabilities") != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "may write to its image"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "has a port of the host"


def probe_problems(container):
    ports = {port["name"] for port in container.get("ports", [])}
    for probe, path in PROBES.items():
        asked = container.get(probe, {}).get("httpGet", {})
        if asked.get("path", "").partition("?")[0] != path:
            yield f"{probe} does not ask {path}"
        if asked.get("port") not in ports:
            yield f"{probe} asks a port that the container does not name"


def mount_problems(pod, container):
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    mounts = container.get("volumeMounts", [])
    for name in {mount["name"] for mount in mounts} ^ volumes:
        yield f"{name} is a volume without a mount, or the reverse"
    for mount in mounts:
        if mount.get("readOnly") is not True:
            yield f"{mount['name']} may be written"


def deployment_problems(deployment):
    spec = deployment["spec"]
    pod = spec["template"]["spec"]
    yield from pod_problems(pod)
    for container in pod["containers"]:
        yield from security_problems(pod, container)
        yield from probe_problems(container)
        yield from mount_problems(pod, container)
        if "memory" not in container.get("resources", {}).get("limits", {}):
            yield "has no limit of memory"
    if not spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items():
        yield "selects other pods than its own"
