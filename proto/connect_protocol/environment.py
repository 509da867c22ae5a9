"""The worker's environment: variables for what may be seen, mounted files for what may not.

`CONNECT_SECRETS_DIR` holds one folder a Secret, one file a key, as Kubernetes mounts them:

    customer/   customerNumber  [realm]  encryptionKey
    database/   host  port  dbname  username  password  [sslmode]  [ca.crt]  [serverName]
    directory/  [url]  [bindDn]  [password]  [ca.crt]  [serverName]  [startTls]  [globalCatalogUrl]
                [keytab]  [principal]
    relay/      tls.crt  tls.key  ca.crt
                or, by SSH:  sshPrivateKey  knownHosts  [sshUser]

What is left out below directory/ may stand in the configurator's tables, which the Secret goes before.
"""

from enum import StrEnum


class RelayTransport(StrEnum):
    """What a worker speaks with whom on its way into the customer's network: values of `RELAY_TRANSPORT`.

    Of the first two the other end is Connect's relay; of the last an SSH server of the customer's.
    """

    GRPC = "gRPC"
    SSH = "SSH"
    JUMP_HOST = "JumpHost"


class Variable(StrEnum):
    """Environment variables of the worker."""

    REALM = "CONNECT_REALM"
    SECRETS_DIR = "CONNECT_SECRETS_DIR"
    TIME_ZONE = "CONNECT_TIME_ZONE"
    TIMEOUT = "CONNECT_TIMEOUT"
    RUN_ID = "CONNECT_RUN_ID"
    LOCK_WAIT = "CONNECT_LOCK_WAIT"
    MAX_DELETES = "CONNECT_SAFETY_MAX_DELETES"
    MAX_DELETE_PERCENT = "CONNECT_SAFETY_MAX_DELETE_PERCENT"
    MAX_EXIT_PERCENT = "CONNECT_SAFETY_MAX_EXIT_PERCENT"
    MAX_DISABLES = "CONNECT_SAFETY_MAX_DISABLES"
    MAX_DISABLE_PERCENT = "CONNECT_SAFETY_MAX_DISABLE_PERCENT"
    MAX_REMOVALS = "CONNECT_SAFETY_MAX_REMOVALS"
    MAX_REMOVAL_PERCENT = "CONNECT_SAFETY_MAX_REMOVAL_PERCENT"
    MAX_RENAMES = "CONNECT_SAFETY_MAX_RENAMES"
    MAX_RENAME_PERCENT = "CONNECT_SAFETY_MAX_RENAME_PERCENT"
    MAX_RESETS = "CONNECT_SAFETY_MAX_RESETS"
    MAX_RESET_PERCENT = "CONNECT_SAFETY_MAX_RESET_PERCENT"
    MAX_RECREATIONS = "CONNECT_SAFETY_MAX_RECREATIONS"
    MAX_RECREATION_PERCENT = "CONNECT_SAFETY_MAX_RECREATION_PERCENT"
    MAX_FAILURES = "CONNECT_SAFETY_MAX_FAILURES"
    MAX_FAILURE_PERCENT = "CONNECT_SAFETY_MAX_FAILURE_PERCENT"
    LOG_LEVEL = "CONNECT_LOG_LEVEL"
    TERMINATION_MESSAGE = "CONNECT_TERMINATION_MESSAGE"
    PLAN_IN_LOG = "CONNECT_PLAN_IN_LOG"
    TODAY = "CONNECT_TODAY"
    RELAY_TRANSPORT = "CONNECT_RELAY_TRANSPORT"
    RELAY_ADDRESS = "CONNECT_RELAY_ADDRESS"
    RELAY_WAIT = "CONNECT_RELAY_WAIT"
    RELAY_HEARTBEAT = "CONNECT_RELAY_HEARTBEAT"


class SecretKey(StrEnum):
    """Files below `CONNECT_SECRETS_DIR`: the Secret, a slash, its key."""

    CUSTOMER_NUMBER = "customer/customerNumber"
    CUSTOMER_REALM = "customer/realm"
    ENCRYPTION_KEY = "customer/encryptionKey"
    DATABASE_HOST = "database/host"
    DATABASE_PORT = "database/port"
    DATABASE_NAME = "database/dbname"
    DATABASE_USERNAME = "database/username"
    DATABASE_PASSWORD = "database/password"  # noqa: S105 - a file's name
    DATABASE_SSLMODE = "database/sslmode"
    DATABASE_CA = "database/ca.crt"
    DATABASE_SERVER_NAME = "database/serverName"
    DIRECTORY_URL = "directory/url"
    DIRECTORY_BIND_DN = "directory/bindDn"
    DIRECTORY_PASSWORD = "directory/password"  # noqa: S105 - a file's name
    DIRECTORY_KEYTAB = "directory/keytab"
    DIRECTORY_PRINCIPAL = "directory/principal"
    DIRECTORY_CA = "directory/ca.crt"
    DIRECTORY_SERVER_NAME = "directory/serverName"
    DIRECTORY_START_TLS = "directory/startTls"
    DIRECTORY_GLOBAL_CATALOG = "directory/globalCatalogUrl"
    RELAY_CERTIFICATE = "relay/tls.crt"
    RELAY_KEY = "relay/tls.key"
    RELAY_CA = "relay/ca.crt"
    RELAY_SSH_KEY = "relay/sshPrivateKey"
    RELAY_KNOWN_HOSTS = "relay/knownHosts"
    RELAY_SSH_USER = "relay/sshUser"
