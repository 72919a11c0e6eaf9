"""A Slurm cluster of one node on this machine, in a folder of its own: munge, slurmctld and slurmd with a key, a configuration and ports
that nobody else uses, for whoever runs this. It leaves nothing behind: neither processes nor files."""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
SECONDS_TO_START = 20


class CannotStart(Exception):
    pass


def program(name):
    """Its path; daemons lie where only root looks."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """with Cluster(folder) as cluster: cluster.run("sbatch", ...)"""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.daemons = []

    def __enter__(self):
        try:
            if missing := [name for name in PROGRAMS if program(name) is None]:
                raise RuntimeError(f"not installed: {', '.join(missing)} (Debian: munge, slurm-wlm)")
            self.start()
        except Exception as error:
            why = self.why(error)
            self.stop()
            raise CannotStart(why) from error
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.folder.chmod(0o755)
        (self.folder / "munge").mkdir(mode=0o755)
        key = self.folder / "munge/key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        munge = self.folder / "munge/socket"
        self.daemon("munged", "--foreground", f"--key-file={key}", f"--socket={munge}", f"--pid-file={self.folder}/munge/pid",
                    f"--log-file={self.folder}/munge/log", f"--seed-file={self.folder}/munge/seed", "--num-threads=1")
        self.wait(munge.exists)
        host = socket.gethostname().split(".")[0]
        controller, node = free_ports(2)
        user = pwd.getpwuid(os.getuid()).pw_name
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        configuration = self.folder / "slurm.conf"
        configuration.write_text(f"""
ClusterName=lossaudit
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={munge}
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MailProg=/bin/true
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
""")
        self.environment = os.environ | {"SLURM_CONF": str(configuration)}
        self.daemon("slurmctld", "-D", "-f", str(configuration))
        self.daemon("slurmd", "-D", "-f", str(configuration))
        self.wait(lambda: self.run("sinfo", "--noheader", "--format=%T").stdout.strip() == "idle")

    def daemon(self, name, *arguments):
        log = open(self.folder / f"{name}.log", "w")
        self.daemons.append(subprocess.Popen([program(name), *arguments], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                             env=getattr(self, "environment", os.environ), start_new_session=True))
        log.close()

    def wait(self, ready, seconds=SECONDS_TO_START):
        """Until it is so, or a daemon is gone, or it takes too long."""
        start = time.monotonic()
        while not ready():
            gone = [each.args[0] for each in self.daemons if each.poll() is not None]
            if gone:
                raise RuntimeError(f"{gone[0]} ended")
            if time.monotonic() - start > seconds:
                raise RuntimeError(f"it was not ready after {seconds} s")
            time.sleep(0.1)

    def why(self, error):
        """One line: what failed, and the last word of the daemon that says most."""
        for name in ("slurmd", "slurmctld", "munged"):
            log = self.folder / f"{name}.log"
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            wrong = [line for line in lines if "fatal" in line or "Error" in line]
            if wrong:
                return f"{error}: {wrong[-1]}"
        return str(error)

    def run(self, command, *arguments, **options):
        return subprocess.run([command, *arguments], env=self.environment | options.pop("env", {}), text=True, capture_output=True,
                              check=False, **options)

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
