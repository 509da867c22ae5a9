"""A relay by SSH as `doctor` sees it: its host key, and whether it lets this bridge in. Nothing is forwarded."""

import socket
from dataclasses import dataclass

from connect_relay.bridge.examination import Area, Chapter, Step
from connect_relay.settings import BridgeSettings, RelayPlace
from connect_ssh.client import Login, Server, connect
from connect_ssh.errors import HostKeyError, KeyRefusedError, NotConnectedError


@dataclass(frozen=True, kw_only=True, slots=True)
class SshWay:
    """Who goes to relays by SSH, and how; `seconds` are the patience with the step before."""

    settings: BridgeSettings
    seconds: float
    login: Login


async def check_login(place: RelayPlace, way: SshWay, through: socket.socket, chapter: Chapter) -> Step:
    """Log in on a connection that leads there, and out again."""
    name = place.relay.address
    try:
        connection = await connect(Server(name=name.host, host=place.host, port=name.port), way.login, through=through)
    except HostKeyError as error:
        todo = "If the relay's host key was changed on purpose, ask for a new knownHosts; else, who answers there?"
        return chapter.fault("SSH", f"{name} is not the known relay: {error}", todo)
    except KeyRefusedError as error:
        todo = "It has been revoked or replaced, or is for another relay: ask for a new bundle"
        return chapter.fault("SSH", f"the relay refuses this bridge's key: {error}", todo, Area.ADMISSION)
    except NotConnectedError as error:
        return chapter.fault("SSH", str(error), "Is it the relay's SSH port, and does a firewall let SSH pass?")
    finally:
        through.close()
    connection.close()
    return chapter.well("SSH", "the relay is the known one, and lets this bridge in")
