# Calls one function of a file or of a text, and keeps stdout for its result alone.
import importlib.util, json, os, sys, types

result = os.fdopen(os.dup(1), 'w', encoding='utf-8')
os.dup2(2, 1)
call = json.load(sys.stdin)
path, code, entry = call['path'], call['code'], call['entry']
sys.path.insert(0, os.path.dirname(path))
if code is None:
    spec = importlib.util.spec_from_file_location('external', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
else:
    module = types.ModuleType('external')
    module.__file__ = path
    exec(compile('\n' * (call['line'] - 1) + code, path, 'exec'), module.__dict__)
function = getattr(module, entry, None)
if not callable(function):
    sys.exit(f'{path} has no function `{entry}`')


def plain(value):
    for method in ('isoformat', 'tolist', 'item'):
        if hasattr(value, method):
            return getattr(value, method)()
    if isinstance(value, (set, frozenset)):
        return list(value)
    if type(value).__name__ == 'Decimal':
        return str(value)
    raise TypeError(f'a `{type(value).__name__}` cannot become JSON')


def named(value):
    """Dates and other values as keys; JSON's keys are texts."""
    if isinstance(value, dict):
        known = (str, int, float, bool, type(None))
        return {key if isinstance(key, known) else plain(key): named(inner) for key, inner in value.items()}
    return [named(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def text(value):
    return json.dumps(value, allow_nan=False, default=plain)


value = function(**call['arguments'])
try:
    value = text(value)
except TypeError as error:
    if 'keys must be' not in str(error):
        raise
    value = text(named(value))
result.write(value)
result.close()
