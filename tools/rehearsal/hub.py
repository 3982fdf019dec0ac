"""JupyterHub's configuration for `tools/rehearsal`: the classroom's own, and what one machine without systemd needs.

The plan, a JSON file, comes from `tools/rehearsal`; its path is in REHEARSAL_PLAN.
"""

import json
import os
from hmac import compare_digest
from pathlib import Path

from jupyterhub.auth import Authenticator
from jupyterhub.spawner import LocalProcessSpawner

plan = json.loads(Path(os.environ["REHEARSAL_PLAN"]).read_text(encoding="utf-8"))

c = get_config()  # noqa: F821, JupyterHub hands it to its configuration
load_subconfig(plan["classroom"])  # noqa: F821


class ListOfLearners(Authenticator):
    """A name and a password of its own for each; both end with the rehearsal."""

    async def authenticate(self, handler, data):
        known = plan["learners"].get(data["username"], {}).get("password", "")
        return data["username"] if known and compare_digest(known, data["password"]) else None


class OwnUser(LocalProcessSpawner):
    """Each learner under a Unix user of its own, by number.

    A number needs no entry in the machine's list of users, so a rehearsal that is killed leaves no accounts behind.
    """

    @property
    def learner(self):
        return plan["learners"][self.user.name]

    def make_preexec_fn(self, name):
        uid, home = self.learner["uid"], self.learner["home"]

        def become():
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.umask(0o077)
            os.chdir(home)

        return become

    def user_env(self, env):
        home = self.learner["home"]
        # Without systemd all share one /tmp.
        own = {"HOME": home, "JUPYTER_RUNTIME_DIR": f"{home}/.run"}
        return env | own | {"USER": self.user.name, "LOGNAME": self.user.name}


c.JupyterHub.authenticator_class = ListOfLearners
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = OwnUser
c.Spawner.cmd = [plan["singleuser"]]
c.Spawner.environment.update(plan["environment"])
c.Spawner.env_keep = ["PATH", "LANG"]  # nothing else of the machine's own, no mirror
# As The Littlest JupyterHub reads them. Without systemd nobody enforces them here; a server only hears of them.
c.Spawner.mem_limit = plan["limits"]["memory"]
c.Spawner.cpu_limit = plan["limits"]["cpu"]
c.Spawner.default_url = "/lab"

c.JupyterHub.bind_url = plan["address"]
c.JupyterHub.hub_bind_url = plan["hub"]
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.cleanup_servers = True
c.ConfigurableHTTPProxy.command = plan["proxy"]
c.ConfigurableHTTPProxy.api_url = plan["proxy_api"]
