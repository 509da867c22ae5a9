from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResetCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESET_CODE_UNSPECIFIED: _ClassVar[ResetCode]
    RESET_CODE_BRIDGE_ABSENT: _ClassVar[ResetCode]
    RESET_CODE_UNKNOWN_TARGET: _ClassVar[ResetCode]
    RESET_CODE_TARGET_UNREACHABLE: _ClassVar[ResetCode]
    RESET_CODE_BROKEN: _ClassVar[ResetCode]
    RESET_CODE_PROTOCOL: _ClassVar[ResetCode]
    RESET_CODE_LIMIT: _ClassVar[ResetCode]
    RESET_CODE_DRAINING: _ClassVar[ResetCode]
    RESET_CODE_REFUSED: _ClassVar[ResetCode]
RESET_CODE_UNSPECIFIED: ResetCode
RESET_CODE_BRIDGE_ABSENT: ResetCode
RESET_CODE_UNKNOWN_TARGET: ResetCode
RESET_CODE_TARGET_UNREACHABLE: ResetCode
RESET_CODE_BROKEN: ResetCode
RESET_CODE_PROTOCOL: ResetCode
RESET_CODE_LIMIT: ResetCode
RESET_CODE_DRAINING: ResetCode
RESET_CODE_REFUSED: ResetCode

class BridgeMessage(_message.Message):
    __slots__ = ("hello", "heartbeat")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    heartbeat: Heartbeat
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class RelayMessage(_message.Message):
    __slots__ = ("welcome", "heartbeat", "open", "visited")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    VISITED_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    heartbeat: Heartbeat
    open: Open
    visited: Visited
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., open: _Optional[_Union[Open, _Mapping]] = ..., visited: _Optional[_Union[Visited, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("version", "targets")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    version: str
    targets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, version: _Optional[str] = ..., targets: _Optional[_Iterable[str]] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: str
    def __init__(self, version: _Optional[str] = ...) -> None: ...

class Visited(_message.Message):
    __slots__ = ("version", "unix_time", "bridges")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UNIX_TIME_FIELD_NUMBER: _ClassVar[int]
    BRIDGES_FIELD_NUMBER: _ClassVar[int]
    version: str
    unix_time: float
    bridges: int
    def __init__(self, version: _Optional[str] = ..., unix_time: _Optional[float] = ..., bridges: _Optional[int] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class Open(_message.Message):
    __slots__ = ("connection_id", "target", "window")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    target: str
    window: int
    def __init__(self, connection_id: _Optional[str] = ..., target: _Optional[str] = ..., window: _Optional[int] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("dial", "serve", "opened", "data", "half_close", "reset", "credit")
    DIAL_FIELD_NUMBER: _ClassVar[int]
    SERVE_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    HALF_CLOSE_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    dial: Dial
    serve: Serve
    opened: Opened
    data: bytes
    half_close: HalfClose
    reset: Reset
    credit: Credit
    def __init__(self, dial: _Optional[_Union[Dial, _Mapping]] = ..., serve: _Optional[_Union[Serve, _Mapping]] = ..., opened: _Optional[_Union[Opened, _Mapping]] = ..., data: _Optional[bytes] = ..., half_close: _Optional[_Union[HalfClose, _Mapping]] = ..., reset: _Optional[_Union[Reset, _Mapping]] = ..., credit: _Optional[_Union[Credit, _Mapping]] = ...) -> None: ...

class Dial(_message.Message):
    __slots__ = ("target", "wait_seconds", "realm", "window")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REALM_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    target: str
    wait_seconds: int
    realm: str
    window: int
    def __init__(self, target: _Optional[str] = ..., wait_seconds: _Optional[int] = ..., realm: _Optional[str] = ..., window: _Optional[int] = ...) -> None: ...

class Serve(_message.Message):
    __slots__ = ("connection_id",)
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    def __init__(self, connection_id: _Optional[str] = ...) -> None: ...

class Opened(_message.Message):
    __slots__ = ("window",)
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    window: int
    def __init__(self, window: _Optional[int] = ...) -> None: ...

class HalfClose(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Reset(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: ResetCode
    message: str
    def __init__(self, code: _Optional[_Union[ResetCode, str]] = ..., message: _Optional[str] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ("bytes",)
    BYTES_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    def __init__(self, bytes: _Optional[int] = ...) -> None: ...
