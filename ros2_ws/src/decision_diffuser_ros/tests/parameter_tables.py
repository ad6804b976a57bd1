"""The nodes' parameters as rows of a Markdown table, read from the source, so that no ROS is needed.

`python -m tests.parameter_tables planner` prints the table that `docs/planner_node.md` holds.
"""

import ast
import sys
from typing import Any

from decision_diffuser_ros.resources import share_directory

NODES = share_directory() / "decision_diffuser_ros" / "nodes"
MODULES = {
    "planner": "planner_parameters.py",
    "quadruped_sim": "quadruped_parameters.py",
    "stacking_sim": "stacking_parameters.py",
}
"""Module that declares the parameters of each node."""

FIELDS = ("name", "default", "description", "unit", "minimum", "maximum", "choices", "read_only")
"""Of `ParameterSpec`, in their order."""

HEADER = ("| parameter | unit | default | range | meaning |", "|---|---|---|---|---|")


def parameter_rows(node: str) -> dict[str, str]:
    """The row of each parameter of a node, by name."""
    return {fields["name"]: _row(fields) for fields in _declared(MODULES[node], "SPECS")}


def parameter_fields(node: str) -> list[str]:
    """The fields of the dataclass that holds the values, in their order."""
    return _fields_of_record(MODULES[node])


def _declared(module: str, table: str) -> list[dict[str, Any]]:
    """What a module's table declares, with the tables of other modules that are in it."""
    tree = _tree(module)
    values = {
        statement.targets[0].id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    constants = {name: value.value for name, value in values.items() if isinstance(value, ast.Constant)}
    declared: list[dict[str, Any]] = []
    for element in values[table].elts:  # type: ignore[attr-defined]
        if isinstance(element, ast.Starred):
            name = ast.unparse(element.value)
            declared += _declared(_origins(tree)[name], name)
        else:
            declared.append(_fields(element, constants))
    return declared


def _fields_of_record(module: str) -> list[str]:
    tree = _tree(module)
    (record,) = [statement for statement in tree.body if isinstance(statement, ast.ClassDef)]
    inherited = [field for base in record.bases for field in _fields_of_record(_origins(tree)[ast.unparse(base)])]
    annotated = [statement for statement in record.body if isinstance(statement, ast.AnnAssign)]
    own = [field for field in annotated if not ast.unparse(field.annotation).startswith("ClassVar")]
    return inherited + [ast.unparse(field.target) for field in own]


def _tree(module: str) -> ast.Module:
    return ast.parse((NODES / module).read_text(encoding="utf-8"))


def _origins(tree: ast.Module) -> dict[str, str]:
    """The module that each imported name is from."""
    imports = [statement for statement in tree.body if isinstance(statement, ast.ImportFrom)]
    return {alias.name: f"{(each.module or '').split('.')[-1]}.py" for each in imports for alias in each.names}


def _fields(call: ast.Call, constants: dict[str, Any]) -> dict[str, Any]:
    given = dict(zip(FIELDS, call.args, strict=False)) | {keyword.arg: keyword.value for keyword in call.keywords}
    return {name: _value(value, constants) for name, value in given.items()}


def _value(node: ast.expr, constants: dict[str, Any]) -> Any:
    """The value of an expression as it stands in a table of parameters; None for one that need not be set."""
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "ParameterType":
        return None
    if isinstance(node, ast.Name):
        return constants[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _value(node.left, constants) + _value(node.right, constants)
    if isinstance(node, ast.Tuple):
        return tuple(_value(element, constants) for element in node.elts)
    return ast.literal_eval(node)


def _row(fields: dict[str, Any]) -> str:
    default = fields["default"]
    shown = "not set" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    cells = [f"`{fields['name']}`", fields.get("unit", ""), shown, _range(fields), fields["description"]]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _range(fields: dict[str, Any]) -> str:
    if fields.get("choices"):
        return ", ".join(f"`{choice}`" for choice in fields["choices"])
    minimum, maximum = fields.get("minimum"), fields.get("maximum")
    if minimum is None:
        return ""
    return f"{minimum:g} or more" if maximum is None else f"{minimum:g} to {maximum:g}"


if __name__ == "__main__":
    sys.stdout.write("\n".join([*HEADER, *parameter_rows(sys.argv[1]).values()]) + "\n")
