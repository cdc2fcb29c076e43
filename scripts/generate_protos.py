"""Generates Python from protos/: stubs for gRPC and the frozen dataclasses of the core.

    python scripts/generate_protos.py            writes frontdesk/v1 and services/contract
    python scripts/generate_protos.py --check    fails when what is committed is stale

The contract is written once, in protos/. Each message of facts, decisions and desk becomes a frozen dataclass
of the same name whose docstring is the proto's own text. Rules of the translation:

    Timestamp x_at         x_at_ms: int, epoch milliseconds, 0 when absent
    repeated T             tuple[T, ...]
    optional scalar T      T | None, None when absent
    message T              T | None
    enum                   OpenEnum: an unknown number is carried, not refused
    oneof                  one field with a union type
    message of one oneof   the union itself (Event)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

ROOT = Path(__file__).resolve().parent.parent
CONTRACT_FILES = ("desk", "facts", "decisions")
F = FieldDescriptorProto
SCALARS = {
    F.TYPE_STRING: ("str", '""'),
    F.TYPE_BYTES: ("bytes", 'b""'),
    F.TYPE_BOOL: ("bool", "False"),
    F.TYPE_DOUBLE: ("float", "0.0"),
    F.TYPE_INT32: ("int", "0"),
    F.TYPE_INT64: ("int", "0"),
    F.TYPE_FIXED64: ("int", "0"),
}
TIMESTAMP = ".google.protobuf.Timestamp"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when stale")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        generate(out)
        stale = [
            path.relative_to(out)
            for path in sorted(out.rglob("*"))
            if path.is_file() and not same(path, ROOT / path.relative_to(out))
        ]
        if not check:
            for relative in stale:
                (ROOT / relative).parent.mkdir(parents=True, exist_ok=True)
                (ROOT / relative).write_bytes((out / relative).read_bytes())
                print(f"wrote {relative}")
    if check and stale:
        print("stale, run `make proto`: " + ", ".join(map(str, stale)), file=sys.stderr)
        return 1
    print("generated code is current")
    return 0


def same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def generate(out: Path) -> None:
    bin_dir = Path(sys.executable).parent
    image = out / "image.binpb"
    subprocess.run([bin_dir / "buf", "build", "protos", "-o", image], cwd=ROOT, check=True)
    files = sorted(str(p.relative_to(ROOT / "protos")) for p in (ROOT / "protos").rglob("*.proto"))
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={image}"),
            *(f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}"),
            *files,
        ],
        cwd=ROOT,
        check=True,
    )
    descriptors = FileDescriptorSet.FromString(image.read_bytes())
    image.unlink()
    for empty in (out / "frontdesk/v1").glob("*_pb2_grpc.py"):
        if "class " not in empty.read_text():
            empty.unlink()
    target = out / "services/contract"
    target.mkdir(parents=True)
    for file in descriptors.file:
        stem = Path(file.name).stem
        if stem in CONTRACT_FILES:
            (target / f"{stem}.py").write_text(Module(file).text())
    subprocess.run(
        [bin_dir / "ruff", "format", "-q", "--config", ROOT / "pyproject.toml", target], check=True
    )


class Module:
    """One contract file as Python text."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self.file = file
        self.imported: dict[str, set[str]] = {}
        self.comments = {
            tuple(place.path): " ".join(place.leading_comments.split())
            for place in file.source_code_info.location
        }

    def text(self) -> str:
        own = self.file.syntax and self.comments.get((12,), "")
        enums = [self.enum(enum, (5, i)) for i, enum in enumerate(self.file.enum_type)]
        # Messages in the order of the file, but for a union, which must follow its parts.
        messages = [self.message(m, (4, i)) for i, m in enumerate(self.file.message_type) if not is_union(m)]
        unions = [self.union(m, (4, i)) for i, m in enumerate(self.file.message_type) if is_union(m)]
        self.imported["openenum"] = {"OpenEnum"}
        self.imported["record"] = {"quick_record"}
        imports = "".join(
            f"from services.contract.{module} import {', '.join(sorted(names))}\n"
            for module, names in sorted(self.imported.items())
            if names != {"OpenEnum"} or enums
        )
        return (
            f'"""{own}\n\nGenerated from protos/{self.file.name} by `make proto`; change it there.\n"""\n\n'
            "from __future__ import annotations\n\nfrom dataclasses import dataclass\n\n" + imports + "\n"
        ) + "\n".join(enums + messages + unions)

    def enum(self, enum: EnumDescriptorProto, path: tuple[int, ...]) -> str:
        prefix = enum.value[0].name.removesuffix("UNSPECIFIED")
        lines = [f'class {enum.name}(OpenEnum):\n    """{self.comments[path]}"""\n']
        for i, value in enumerate(enum.value):
            note = self.comments[(*path, 2, i)]
            lines.append(f'    {value.name.removeprefix(prefix)} = {value.number}\n    """{note}"""')
        return "\n".join(lines) + "\n"

    def message(self, message: DescriptorProto, path: tuple[int, ...]) -> str:
        lines = [
            "@quick_record",
            "@dataclass(frozen=True, slots=True, kw_only=True)",
            f'class {message.name}:\n    """{self.comments[path]}"""\n',
        ]
        done: set[int] = set()
        for i, field in enumerate(message.field):
            if field.HasField("oneof_index") and not field.proto3_optional:
                index = field.oneof_index
                if index in done:
                    continue
                done.add(index)
                parts = [f for f in message.field if f.HasField("oneof_index") and f.oneof_index == index]
                union = " | ".join(self.name_of(f.type_name) for f in parts)
                note = self.comments[(*path, 8, index)]
                lines.append(f'    {message.oneof_decl[index].name}: {union} | None = None\n    """{note}"""')
                continue
            name, kind, default = self.field(field)
            lines.append(f'    {name}: {kind} = {default}\n    """{self.comments[(*path, 2, i)]}"""')
        return "\n".join(lines) + "\n"

    def union(self, message: DescriptorProto, path: tuple[int, ...]) -> str:
        parts = " | ".join(self.name_of(f.type_name) for f in message.field)
        return f'{message.name} = {parts}\n"""{self.comments[path]}"""\n'

    def field(self, field: FieldDescriptorProto) -> tuple[str, str, str]:
        if field.type_name == TIMESTAMP:
            return f"{field.name}_ms", "int", "0"
        if field.type in SCALARS:
            kind, default = SCALARS[field.type]
        elif field.type == F.TYPE_ENUM:
            kind = self.name_of(field.type_name)
            default = f"{kind}.UNSPECIFIED"
        else:
            kind = self.name_of(field.type_name)
            default = "None"
            if field.label != F.LABEL_REPEATED:
                kind += " | None"
        if field.label == F.LABEL_REPEATED:
            return field.name, f"tuple[{kind}, ...]", "()"
        if field.proto3_optional and field.type in SCALARS:
            return field.name, f"{kind} | None", "None"
        return field.name, kind, default

    def name_of(self, type_name: str) -> str:
        """The class behind a proto type name; notes the import it needs."""
        name = type_name.rsplit(".", 1)[-1]
        here = {m.name for m in self.file.message_type} | {e.name for e in self.file.enum_type}
        if name not in here:
            module = next(m for m in CONTRACT_FILES if m in OWNER_OF.get(name, ()))
            self.imported.setdefault(module, set()).add(name)
        return name


def is_union(message: DescriptorProto) -> bool:
    """A message that is nothing but one oneof."""
    return (
        len(message.oneof_decl) == 1
        and len(message.field) > 0
        and all(f.HasField("oneof_index") and not f.proto3_optional for f in message.field)
    )


def owners() -> dict[str, tuple[str, ...]]:
    """Which contract file defines a name; read from the text, for the order of imports."""
    found: dict[str, tuple[str, ...]] = {}
    for stem in CONTRACT_FILES:
        for line in (ROOT / f"protos/frontdesk/v1/{stem}.proto").read_text().splitlines():
            words = line.split()
            if len(words) >= 2 and words[0] in {"message", "enum"}:
                found[words[1]] = (stem,)
    return found


OWNER_OF = owners()

if __name__ == "__main__":
    sys.exit(main())
