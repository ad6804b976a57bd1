"""Just enough of protobuf's wire format to put ONNX graphs together without the `onnx` package.

A message is a sequence of fields: a key (number and wire type), then a varint, 4 or 8 bytes, or a length and so many
bytes (https://protobuf.dev/programming-guides/encoding). Messages can therefore be joined and wrapped as bytes.
"""

from collections.abc import Iterator

from decision_diffuser_ros.errors import BundleError

_VARINT, _EIGHT_BYTES, _LENGTH_DELIMITED, _FOUR_BYTES = 0, 1, 2, 5
_FIXED_SIZES = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_LARGEST_KEY = 2**32 - 1


def encode_field(number: int, value: int | str | bytes) -> bytes:
    """One field: a non-negative integer as varint; text, bytes or an encoded message with its length."""
    if isinstance(value, int):
        return _encode_varint(number << 3 | _VARINT) + _encode_varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _encode_varint(number << 3 | _LENGTH_DELIMITED) + _encode_varint(len(content)) + content


def decode_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message in their order: number, and integer or content.

    Raises:
        BundleError: the bytes are no protobuf message.
    """
    position = 0
    while position < len(message):
        key, position = _decode_varint(message, position)
        if key > _LARGEST_KEY:  # other parsers would take the lower bits for the key of another field
            raise BundleError(f"no protobuf message: field number {key >> 3} before byte {position}")
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, position = _decode_varint(message, position)
            yield number, value
            continue
        if wire_type == _LENGTH_DELIMITED:
            size, position = _decode_varint(message, position)
        elif wire_type in _FIXED_SIZES:
            size = _FIXED_SIZES[wire_type]
        else:
            raise BundleError(f"no protobuf message: wire type {wire_type} at byte {position}")
        if position + size > len(message):
            raise BundleError(f"no protobuf message: field {number} ends after the last byte")
        yield number, message[position : position + size]
        position += size


def _encode_varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth bit says that more follow."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _decode_varint(message: bytes, position: int) -> tuple[int, int]:
    """The integer and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            break
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise BundleError(f"no protobuf message: unfinished integer at byte {position}")
